"""The real program of a stack whose model is published: what scales comes in the order it needs."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tokenfleet.plan.stack import Plan
from tokenfleet.recording.recorded import SECRET, Mode, RecordedResource, Recording

Keys = dict[str, Any]
SCALED_OBJECT, KEDA = "*scaledobject-vllm-qwen3-4b", "*-addons-keda"
BOTH: tuple[Mode, Mode] = ("preview", "deployment")


@pytest.fixture
def recorded(
    keys_of: Callable[[str], Keys],
    plan_of: Callable[[Keys], Plan],
    recording_of: Callable[[Mapping[str, Any], Mode], Recording],
) -> Callable[[Mode], Recording]:
    """The dev stack with its model published."""
    keys = keys_of("dev")
    (model,) = plan_of(keys).models
    keys["models"][model.name]["published"] = model.mark
    return lambda mode: recording_of(keys, mode)


def _only(recording: Recording, name: str) -> RecordedResource:
    (found,) = (one for one in recording.resources if fnmatchcase(one.name, name))
    return found


def _before(recording: Recording, one: RecordedResource) -> set[str]:
    """The names of all that it waits for, its parents included, and of all that they do."""
    by_urn = {resource.urn: resource for resource in recording.resources}
    found: set[str] = set()
    waiting = [one.urn]
    while waiting:
        if (waits := by_urn.get(waiting.pop())) and waits.urn not in found:
            found.add(waits.urn)
            waiting += [*waits.dependencies, waits.parent]
    return {by_urn[urn].name for urn in found}


@pytest.mark.parametrize("mode", BOTH)
def test_a_scaled_object_comes_after_keda_its_model_and_prometheus(
    mode: Mode, recorded: Callable[[Mode], Recording]
) -> None:
    recording = recorded(mode)
    before = _before(recording, _only(recording, SCALED_OBJECT))
    needed = (KEDA, "*serving-deployment-vllm-qwen3-4b", "*scaling-deployment-prometheus")
    for name in needed:
        assert [found for found in before if fnmatchcase(found, name)], name


def test_prometheus_has_the_key_to_metrics_and_shows_it_to_nobody(
    recorded: Callable[[Mode], Recording],
) -> None:
    secret = _only(recorded("deployment"), "*scaling-metrics-key")
    assert SECRET in str(secret.inputs)
    assert secret.inputs["metadata"] == {"name": "metrics-key", "namespace": "metrics"}


def test_what_follows_its_load_is_not_the_programs_to_count(
    recorded: Callable[[Mode], Recording],
) -> None:
    deployment = _only(recorded("deployment"), "*serving-deployment-vllm-qwen3-4b")
    assert deployment.ignore_changes == ["spec.replicas"]


def test_every_namespace_that_something_is_put_into_is_there(
    recorded: Callable[[Mode], Recording],
) -> None:
    resources = recorded("deployment").resources
    there = {"kube-system"}
    put_into: set[str] = set()
    for one in resources:
        inputs: Any = one.inputs
        metadata = inputs.get("metadata", {})
        if one.type == "kubernetes:core/v1:Namespace":
            there.add(metadata["name"])
        elif one.type == "kubernetes:helm.sh/v3:Release":
            put_into.add(inputs["namespace"])
            if inputs.get("createNamespace"):
                there.add(inputs["namespace"])
        elif "namespace" in metadata:
            put_into.add(metadata["namespace"])
    assert "keda" in put_into
    assert put_into <= there
