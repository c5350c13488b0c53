"""Mistakes in who launches and ends nodes on spot."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.policies.planting import (
    Plant,
    Planted,
    assert_reported_alone,
    changed,
    edited,
    reported,
)
from tokenfleet.recording.recorded import Recording

SPOT = ":Group::*-graviton4-spot-group"
ON_DEMAND = ":Group::*-graviton4-on-demand-group"
CONTROLLER = ":Deployment::*-capacity-controller"
AUTOSCALER = ":Release::*-cluster-autoscaler"
TAG = "tokenfleet.io/capacity"
PRIORITIES = ("values", "expanderPriorities")
DISTRIBUTION = ("mixedInstancesPolicy", "instancesDistribution")

Tags = list[dict[str, Any]]


def tags_of(pattern: str, edit: Callable[[Tags], Tags]) -> Plant:
    """The tags of a group, edited."""
    return edited(pattern, ("tags",), edit)


def tagged(key: str, value: str, pattern: str = SPOT) -> Plant:
    """A group with that tag, whatever the value was."""
    added = [{"key": key, "value": value, "propagateAtLaunch": False}]
    return tags_of(pattern, lambda tags: [t for t in tags if t["key"] != key] + added)


def untagged(pattern: str) -> Plant:
    """A group that is not the capacity controller's."""
    return tags_of(pattern, lambda tags: [tag for tag in tags if tag["key"] != TAG])


def half_spot(pattern: str) -> Plant:
    """A group that buys half of its nodes on spot, and that no priority names."""
    percentage = (*DISTRIBUTION, "onDemandPercentageAboveBaseCapacity")

    def plant(recording: Recording) -> Recording:
        recording = changed(AUTOSCALER, *PRIORITIES, to=...)(recording)
        return changed(pattern, *percentage, to=50)(recording)

    return plant


def two_writers(plant: Plant, on: str, says: str) -> Planted:
    """A group that nobody fills, or that two controllers do."""
    return Planted(plant=plant, rule="one-writer-a-group", on=on, says=says)


def seen(plant: Plant, on: str, says: str) -> Planted:
    """A spot group that the autoscaler finds, or chooses."""
    return Planted(plant=plant, rule="autoscaler-sees-no-spot", on=on, says=says)


def unprotected(pattern: str, to: object) -> Planted:
    """A group in which a lower wish ends nodes."""
    plant = changed(pattern, "protectFromScaleIn", to=to)
    return Planted(plant=plant, rule="protected-from-scale-in", on=pattern, says="lower wish")


MISTAKES: Mapping[str, Planted] = {
    "spot that nobody launches": two_writers(untagged(SPOT), SPOT, "nobody launches"),
    "spot of another cluster": two_writers(
        tagged(TAG, "tokenfleet-dev"), SPOT, "of tokenfleet-dev, which is not of this stack"
    ),
    "on-demand of another cluster": two_writers(
        tagged(TAG, "tokenfleet-dev", ON_DEMAND), ON_DEMAND, "of tokenfleet-dev"
    ),
    "two controllers": two_writers(
        changed(CONTROLLER, "spec", "replicas", to=2), CONTROLLER, "may run twice"
    ),
    "two controllers while one is replaced": two_writers(
        changed(CONTROLLER, "spec", "strategy", "type", to="RollingUpdate"), CONTROLLER, "Recreate"
    ),
    "two controllers by default": two_writers(
        changed(CONTROLLER, "spec", "strategy", to=...), CONTROLLER, "Recreate"
    ),
    "spot without protection": unprotected(SPOT, to=False),
    "on-demand without protection": unprotected(ON_DEMAND, to=...),
    "spot that the autoscaler finds": seen(
        tagged("k8s.io/cluster-autoscaler/enabled", "true"), SPOT, "cluster-autoscaler/enabled"
    ),
    "spot that the autoscaler owns": seen(
        tagged("k8s.io/cluster-autoscaler/tokenfleet-prod", "owned"), SPOT, "tokenfleet-prod"
    ),
    "spot that the autoscaler knows the nodes of": seen(
        tagged("k8s.io/cluster-autoscaler/node-template/resources/cpu", "8"), SPOT, "resources/cpu"
    ),
    "some spot that the autoscaler finds": seen(
        half_spot(ON_DEMAND), ON_DEMAND, "has a tag of the autoscaler"
    ),
    "spot that the autoscaler may choose": seen(
        changed(AUTOSCALER, *PRIORITIES, "20", to=["^tokenfleet-prod-h100-spot$"]),
        AUTOSCALER,
        "lets the autoscaler choose tokenfleet-prod-h100-spot",
    ),
    "spot among what the autoscaler may choose": seen(
        changed(AUTOSCALER, *PRIORITIES, to={"10": ["^other-.*", "graviton4-s"]}),
        AUTOSCALER,
        "tokenfleet-prod-graviton4-spot: graviton4-s",
    ),
}

HARMLESS: Mapping[str, Plant] = {
    "a group on demand that is the autoscaler's alone": untagged(ON_DEMAND),
    "tags of the owner's own": tagged("team", "platform"),
    "no priorities": changed(AUTOSCALER, *PRIORITIES, to=...),
}


@pytest.mark.parametrize("planted", [pytest.param(row, id=name) for name, row in MISTAKES.items()])
def test_a_mistake_in_who_writes_a_group_is_reported_by_its_rule_alone(
    prod: Recording, planted: Planted
) -> None:
    assert_reported_alone(prod, planted)


@pytest.mark.parametrize("plant", [pytest.param(row, id=name) for name, row in HARMLESS.items()])
def test_what_leaves_one_writer_is_not_reported(prod: Recording, plant: Plant) -> None:
    assert reported(plant(prod)) == []
