"""What follows its load gets all that this takes; what does not, gets none of it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import kubernetes_validate  # pyright: ignore[reportMissingTypeStubs] - it ships none
import pytest
import yaml

from tests.edits import put
from tests.plan.scaling.conftest import MODEL, Keys, PublishedOf
from tokenfleet.plan.scaling.installation import ScalingPlan
from tokenfleet.plan.stack import Plan

GOLDEN = Path(__file__).parents[2] / "golden" / "scaling"


def _only(plan: Plan) -> ScalingPlan:
    (found,) = plan.scaling
    return found


def _object(plan: Plan) -> dict[str, Any]:
    (found,) = _only(plan).scaled_objects
    return cast("dict[str, Any]", found)


def _releases(plan: Plan) -> Sequence[str]:
    return [release.name for release in plan.addons.helm_releases]


def _pulled(plan: Plan) -> str:
    return " ".join(pull.name for pull in plan.pulls)


def test_a_published_model_with_room_between_its_bounds_follows_its_load(
    published_of: PublishedOf,
) -> None:
    plan = published_of()
    spec = _object(plan)["spec"]
    assert spec["scaleTargetRef"] == {"name": "vllm-qwen3-4b"}
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (1, 3)
    assert "keda" in _releases(plan)
    assert "prometheus" in _pulled(plan)


def test_a_fixed_number_needs_none_of_it(published_of: PublishedOf) -> None:
    _has_nothing(published_of(put(f"{MODEL}.replicas", {"min": 2, "max": 2})))


def test_what_is_not_published_needs_none_of_it(
    keys_of: Callable[[str], Keys], plan_of: Callable[[Keys], Plan]
) -> None:
    _has_nothing(plan_of(keys_of("dev")))


def _has_nothing(plan: Plan) -> None:
    assert not plan.scaling
    assert "keda" not in _releases(plan)
    assert "prometheus" not in _pulled(plan)


def test_a_lost_target_holds_the_replicas_that_there_are(published_of: PublishedOf) -> None:
    for least in (0, 1):
        spec = _object(published_of(put(f"{MODEL}.replicas.min", least)))["spec"]
        assert all(t["metadata"]["ignoreNullValues"] == "false" for t in spec["triggers"])
        assert spec["fallback"]["behavior"] == "currentReplicas"
        # With 0 KEDA takes the last replica away when it knows nothing.
        assert spec["fallback"]["replicas"] >= 1


def test_annotations_of_the_capacity_controller_are_not_ours_to_set(
    published_of: PublishedOf,
) -> None:
    annotations = _object(published_of())["metadata"]["annotations"]
    assert not [name for name in annotations if "keda" in name]


def test_a_model_asks_by_its_own_rules_and_its_served_name(published_of: PublishedOf) -> None:
    plan = published_of(put(f"{MODEL}.servedAs", "chat"))
    assert 'envoy_cluster_name=\\"chat\\"' in _text(plan, "rules.json")
    assert _object(plan)["spec"]["triggers"][0]["metadata"]["query"] == (
        'tokenfleet:asked{model="qwen3-4b"}'
    )


def test_every_object_is_one_that_kubernetes_knows(published_of: PublishedOf) -> None:
    plan = _only(published_of())
    for manifest in (plan.namespace, *plan.manifests):
        kubernetes_validate.validate(dict(manifest), "1.35", strict=True)


def test_what_is_deployed_is_what_was_agreed(
    published_of: PublishedOf, pytestconfig: pytest.Config
) -> None:
    plan = published_of()
    found = {
        "rules.json": _text(plan, "rules.json"),
        "prometheus.json": _text(plan, "prometheus.json"),
        "keda-values.yaml": _yaml(
            next(r.values for r in plan.addons.helm_releases if r.name == "keda")
        ),
        **{
            f"{m['kind']}-{cast('dict[str, str]', m['metadata'])['name']}.yaml".lower(): _yaml(m)
            for m in (_only(plan).namespace, *_only(plan).manifests, _object(plan))
            if m["kind"] != "ConfigMap"
        },
    }
    if pytestconfig.getoption("--write-golden"):
        GOLDEN.mkdir(exist_ok=True)
        for name, text in found.items():
            (GOLDEN / name).write_text(text, encoding="utf-8")
    agreed = {path.name: path.read_text(encoding="utf-8") for path in GOLDEN.iterdir()}
    assert found == agreed


def _text(plan: Plan, file: str) -> str:
    config = next(m for m in _only(plan).manifests if m["kind"] == "ConfigMap")
    return cast("dict[str, str]", config["data"])[file]


def _yaml(content: object) -> str:
    return yaml.safe_dump(json.loads(json.dumps(content)), sort_keys=False)
