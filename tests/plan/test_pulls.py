"""Images and charts of a stack, and which digest holds them."""

import datetime as dt
from collections.abc import Mapping

import pytest

from tokenfleet.catalogue.pulled.digests import RecordedDigest
from tokenfleet.plan import pulls as of_plan
from tokenfleet.plan.pulls import plan_pulls

CPU = "public.ecr.aws/q9t5s3a7/vllm-arm64-cpu-release-repo:v0.32.0"
AUTOSCALER = "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0"
AUTOSCALER_CHART = "https://kubernetes.github.io/autoscaler/cluster-autoscaler:9.59.0"
NEURON_CHART = "public.ecr.aws/neuron/neuron-helm-chart:1.3.0"
ONE, TWO = (f"sha256:{digit * 64}" for digit in "12")


def record(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    row = RecordedDigest(digest=ONE, date=dt.date(2026, 12, 24), source="a registry")
    rows = dict.fromkeys(names, row)
    monkeypatch.setattr(of_plan, "recorded_digests", lambda: rows)


# id: recorded in the catalogue, given in the stack, (digest, given by, floats)
ROWS: Mapping[str, tuple[bool, bool, tuple[str | None, str | None, bool]]] = {
    "nobody knows": (False, False, (None, None, True)),
    "the catalogue knows": (True, False, (ONE, "catalogue", False)),
    "the stack knows": (False, True, (TWO, "stack file", False)),
    "both know: the stack's": (True, True, (TWO, "stack file", False)),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
@pytest.mark.parametrize("name", [CPU, AUTOSCALER, NEURON_CHART])
def test_the_stack_stands_before_the_catalogue(
    name: str,
    row: tuple[bool, bool, tuple[str | None, str | None, bool]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded, given, expected = row
    record(monkeypatch, *([name] if recorded else []))
    pulls = plan_pulls(
        "1.35", ["graviton4", "inferentia2"], {name: TWO} if given else {}, spot=True, scaling=True
    )
    found = {pull.name: pull for pull in pulls}[name]
    assert (found.digest, found.given_by, found.floats) == expected
    others = [pull for pull in pulls if pull.name != name]
    assert all(pull.floats for pull in others)


def test_a_chart_outside_a_registry_floats_even_where_its_digest_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record(monkeypatch, AUTOSCALER_CHART)
    pulls = {
        pull.name: pull for pull in plan_pulls("1.35", ["graviton4"], {}, spot=False, scaling=False)
    }
    assert pulls[AUTOSCALER_CHART].digest == ONE
    assert pulls[AUTOSCALER_CHART].floats


def test_two_kinds_of_hardware_with_one_engine_pull_it_once() -> None:
    names = [
        pull.name for pull in plan_pulls("1.35", ["h100", "l4"], {}, spot=False, scaling=False)
    ]
    assert len(names) == len(set(names))
    assert "nvcr.io/nvidia/k8s-device-plugin:v0.18.2" in names
    assert NEURON_CHART not in names
