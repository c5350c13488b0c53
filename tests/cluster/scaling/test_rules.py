"""What Prometheus works out is what the policy says, by its own engine; its files are ones it takes."""

import json
import random
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.tools import ToolsMissing, binary
from tokenfleet.plan.scaling.alerts import alert_group
from tokenfleet.plan.scaling.followed import Followed
from tokenfleet.plan.scaling.policy import plan_scaling
from tokenfleet.plan.scaling.rules import EVALUATION_SECONDS, rule_groups
from tokenfleet.plan.scaling.scrape import RULES_FILE, prometheus_config

CASES = 60
_MINUTES = 3
_STEPS = _MINUTES * 60 // EVALUATION_SECONDS
_JOB, _NAME = "vllm-m", 'envoy_cluster_name="chat"'
_FAILURES = "prometheus_sd_dns_lookup_failures_total"

Series = dict[str, str]


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus's own; a test without it is skipped, with the way to get it."""
    try:
        return binary("promtool")
    except ToolsMissing as missing:
        pytest.skip(str(missing))


def _followed(slots: int = 16, start_seconds: float = 60, *, least: int = 1) -> Followed:
    return Followed(
        model="m",
        served_name="chat",
        policy=plan_scaling(slots=slots, start_seconds=start_seconds, least=least, most=1000),
        answer_seconds=7.0,
        keeps_kv=True,
    )


def _run(promtool: Path, folder: Path, one: Followed, tests: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong, as promtool tells it; nothing where all is as expected."""
    groups = [*rule_groups([one]), alert_group([one], capacity=True)]
    (folder / RULES_FILE).write_text(json.dumps({"groups": groups}), encoding="utf-8")
    content = {
        "rule_files": [RULES_FILE],
        "evaluation_interval": f"{EVALUATION_SECONDS}s",
        "fuzzy_compare": True,
        "tests": tests,
    }
    (folder / "tests.json").write_text(json.dumps(content), encoding="utf-8")
    command = [str(promtool), "test", "rules", "tests.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return f"{done.stdout}{done.stderr}" if done.returncode else ""


def _constant(value: float) -> str:
    return f"{value!r}x{_STEPS}"


def _rising(per_second: float) -> str:
    return f"0+{per_second * EVALUATION_SECONDS!r}x{_STEPS}"


def _replica(name: str, running: float, waiting: float, *, up: bool = True) -> Series:
    labels = f'{{instance="{name}",model="m"}}'
    said = {
        f"vllm:num_requests_running{labels}": _constant(running),
        f"vllm:num_requests_waiting{labels}": _constant(waiting),
        f"vllm:kv_cache_usage_perc{labels}": _constant(0.5),
    }
    return {f"up{labels}": _constant(int(up)), **(said if up else {})}


def _named(replicas: int, *, failures: float = 0) -> Series:
    """What Prometheus knows of the names that it asks for."""
    return {
        f'prometheus_sd_discovered_targets{{config="{_JOB}"}}': _constant(replicas),
        _FAILURES: _rising(failures),
    }


def _refused(per_second: float) -> Series:
    return {
        f'envoy_cluster_upstream_rq{{envoy_response_code="503",{_NAME}}}': _rising(per_second),
        f"envoy_cluster_upstream_cx_none_healthy{{{_NAME}}}": _constant(0),
    }


def _answered(seconds: float) -> Series:
    name = 'vllm:e2e_request_latency_seconds_{}{{instance="a",model="m"}}'
    return {name.format("count"): _rising(1), name.format("sum"): _rising(seconds)}


def _test(series: Series, expressions: Mapping[str, float | None]) -> Mapping[str, Any]:
    """At the end of the series each expression has that value, or none."""
    return {
        "interval": f"{EVALUATION_SECONDS}s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": expression,
                "eval_time": f"{_MINUTES}m",
                "exp_samples": [] if value is None else [{"labels": "{}", "value": value}],
            }
            for expression, value in expressions.items()
        ],
    }


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A load as replicas and edge tell it."""

    replicas: Sequence[tuple[int, int]]
    silent: int
    refused: float
    answer: float | None

    @property
    def series(self) -> Series:
        found: dict[str, str] = {}
        for number, (running, waiting) in enumerate(self.replicas):
            up = number >= self.silent
            found |= _replica(f"r{number}", running, waiting, up=up)
        found |= _named(len(self.replicas)) | _refused(self.refused)
        return found | (_answered(self.answer) if self.answer else {})

    def wanted(self, one: Followed) -> int:
        """By the policy: who is silent is as busy as the others."""
        heard = self.replicas[self.silent :]
        in_flight = sum(map(sum, heard)) * len(self.replicas) / len(heard)
        answer = self.answer or one.answer_seconds
        return one.policy.wanted(one.policy.load(in_flight, self.refused, answer))


def _cases(chance: random.Random) -> Sequence[_Case]:
    cases: list[_Case] = []
    for _ in range(CASES):
        count = chance.randint(1, 12)
        cases.append(
            _Case(
                replicas=[(chance.randint(0, 64), chance.randint(0, 9)) for _ in range(count)],
                silent=chance.choice([0, 0, 0, count // 2]),
                refused=chance.choice([0.0, 0.2, 3.0, 500.0]),
                answer=chance.choice([None, 4.0, 25.0]),
            )
        )
    return cases


@pytest.mark.parametrize("start_seconds", [60, 180, 280])
def test_the_query_wants_what_the_policy_does(
    start_seconds: float, promtool: Path, tmp_path: Path
) -> None:
    one = _followed(slots=32, start_seconds=start_seconds)
    least, most = one.policy.least, one.policy.most
    wanted = f"sum(clamp(ceil(tokenfleet:asked / {one.policy.each:g} - 1e-9), {least}, {most}))"
    cases = _cases(random.Random(7))  # noqa: S311 - loads, no secret
    tests = [_test(case.series, {wanted: case.wanted(one)}) for case in cases]
    assert not _run(promtool, tmp_path, one, tests)
    assert len({case.wanted(one) for case in cases}) > CASES / 4


def test_a_query_that_wants_something_else_is_noticed(promtool: Path, tmp_path: Path) -> None:
    one = _followed()
    (case, *_) = _cases(random.Random(7))  # noqa: S311 - loads, no secret
    other = replace(one, policy=replace(one.policy, spare=0))
    wanted = f"sum(ceil(tokenfleet:asked / {one.policy.each:g} - 1e-9))"
    assert _run(promtool, tmp_path, one, [_test(case.series, {wanted: case.wanted(other)})])


# id: series, what is asked for (None: nothing is known)
KNOWN: Mapping[str, tuple[Series, float | None]] = {
    "no replica has an address": (_named(0), 0.0),
    "no replica, and somebody asked": (
        _named(0) | {f"envoy_cluster_upstream_cx_none_healthy{{{_NAME}}}": f"0x{_STEPS - 4} 1x4"},
        # One a minute that takes the seven seconds planned, as much again to spare.
        2 * 7 / 60,
    ),
    "no address because names cannot be looked up": (_named(0, failures=0.1), None),
    "replicas with an address, none of which answers": (
        _named(2) | _replica("a", 0, 0, up=False) | _replica("b", 0, 0, up=False),
        None,
    ),
    "nothing at all": ({}, None),
}


@pytest.mark.parametrize("row", KNOWN.values(), ids=list(KNOWN))
def test_no_answer_is_not_no_load(
    row: tuple[Series, float | None], promtool: Path, tmp_path: Path
) -> None:
    series, asked = row
    one = _followed(least=0)
    expressions = {"sum(tokenfleet:asked)": asked, "sum(tokenfleet:kv_cache)": asked and 0.0}
    if asked:
        # The rate of a single step is what Prometheus makes of it: any is enough to wake it.
        expressions = {"sum(tokenfleet:asked) > bool 0": 1.0}
    assert not _run(promtool, tmp_path, one, [_test(series, expressions)])


def test_files_are_ones_that_prometheus_takes(promtool: Path, tmp_path: Path) -> None:
    one = _followed()
    (tmp_path / "key").write_text("key", encoding="utf-8")
    groups = [*rule_groups([one]), alert_group([one], capacity=True)]
    (tmp_path / RULES_FILE).write_text(json.dumps({"groups": groups}), encoding="utf-8")
    config = tmp_path / "prometheus.json"
    config.write_text(json.dumps(prometheus_config([one], capacity=True)), encoding="utf-8")
    command = [str(promtool), "check", "config", "--lint-fatal", config.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    # The key is a file of a volume that only the pod has.
    said = [line for line in done.stderr.splitlines() if "FAILED" in line]
    assert not [line for line in said if "/etc/metrics-key/value" not in line], done.stderr


_REJECTED = 'envoy_http_rds_update_rejected{instance="a"}'
_EDGE = 'up{instance="a", job="edge"}'
# id: alert, series, whether it fires
ALERTS: Mapping[str, tuple[str, Series, bool]] = {
    "requests are refused": ("ModelRefusesRequests", _refused(1), True),
    "none is": ("ModelRefusesRequests", _refused(0), False),
    "no replica serves": (
        "ModelWithoutReplica",
        {f"envoy_cluster_membership_healthy{{{_NAME}}}": _constant(0)},
        True,
    ),
    "one does": (
        "ModelWithoutReplica",
        {f"envoy_cluster_membership_healthy{{{_NAME}}}": _constant(1)},
        False,
    ),
    "nothing is known": ("LoadUnknown", {}, True),
    "something is": ("LoadUnknown", _named(1) | _replica("a", 1, 0), False),
    "more is asked for than may be": (
        "ModelAtItsMost",
        _named(1) | _replica("a", 10**6, 0),
        True,
    ),
    "routes are refused": (
        "RoutesRejected",
        {_REJECTED: _rising(0.1), _EDGE: _constant(1)},
        True,
    ),
    "routes are refused by a pod that goes": (
        "RoutesRejected",
        # For five minutes, the last of its life, which ended five minutes ago.
        {_REJECTED: "0x240 1+1x59", _EDGE: "1x300"},
        False,
    ),
    "KEDA gets no answer": (
        "ScalerFails",
        {'keda_scaler_detail_errors_total{scaledObject="a",scaler="b"}': _rising(1)},
        True,
    ),
    "the capacity controller stands still": (
        "CapacityControllerStuck",
        {"tokenfleet_capacity_last_success_timestamp_seconds": _constant(0)},
        True,
    ),
}


@pytest.mark.parametrize("row", ALERTS.values(), ids=list(ALERTS))
def test_alerts_tell_what_they_are_named_for(
    row: tuple[str, Series, bool], promtool: Path, tmp_path: Path
) -> None:
    alert, series, fires = row
    query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    longer = {
        name: values.replace(f"x{_STEPS}", f"x{10 * _STEPS}") for name, values in series.items()
    }
    test = _test(longer, {query: 1.0 if fires else None})
    test["promql_expr_test"][0]["eval_time"] = f"{10 * _MINUTES}m"
    assert not _run(promtool, tmp_path, _followed(), [test])
