"""Ways around the edge."""

from collections.abc import Mapping

import pytest

from tests.policies.planting import (
    Plant,
    Planted,
    assert_reported_alone,
    changed,
    edited,
    removed,
    reported,
)
from tokenfleet.recording.recorded import Recording

MODEL_SERVICE = ":Service::*-service-vllm-qwen3-8b"
REPLICAS = ":NetworkPolicy::*-networkpolicy-replicas"
EVERY: Mapping[str, object] = {}
CALLERS = ("spec", "ingress", 0, "from")
# It would be a proper one, were it the edge's.
BALANCER = {
    "type": "LoadBalancer",
    "loadBalancerSourceRanges": ["198.51.100.0/24"],
    "selector": {"tokenfleet.io/model": "qwen3-8b"},
}
INTERNAL = {"service.beta.kubernetes.io/aws-load-balancer-internal": "true"}


def around(plant: Plant, on: str, says: str) -> Planted:
    """A way to replicas past the edge."""
    return Planted(plant=plant, rule="models-behind-edge", on=on, says=says)


def both(*plants: Plant) -> Plant:
    """One after the other."""

    def plant(recording: Recording) -> Recording:
        for each in plants:
            recording = each(recording)
        return recording

    return plant


MISTAKES: Mapping[str, Planted] = {
    "a load balancer of a model's own": around(
        both(
            changed(MODEL_SERVICE, "spec", to=BALANCER),
            changed(MODEL_SERVICE, "metadata", "annotations", to=INTERNAL),
        ),
        MODEL_SERVICE,
        "leads around the edge",
    ),
    "namespaces with a label": around(
        edited(
            REPLICAS,
            CALLERS,
            lambda callers: [
                *callers,
                {"namespaceSelector": {"matchLabels": {"tokenfleet.io/may-call-models": "true"}}},
            ],
        ),
        REPLICAS,
        "pods of tokenfleet.io/may-call-models=true",
    ),
    "pods of every namespace": around(
        changed(REPLICAS, *CALLERS, to=[{"namespaceSelector": EVERY}]),
        REPLICAS,
        "pods of any namespace",
    ),
    "pods of its own namespace": around(
        changed(REPLICAS, *CALLERS, to=[{"podSelector": EVERY}]), REPLICAS, "pods of any namespace"
    ),
    "addresses": around(
        changed(REPLICAS, *CALLERS, to=[{"ipBlock": {"cidr": "10.0.0.0/8"}}]),
        REPLICAS,
        "10.0.0.0/8",
    ),
    "everybody": around(changed(REPLICAS, *CALLERS, to=...), REPLICAS, "everybody"),
}
UNGUARDED: Mapping[str, Plant] = {
    "no policy": removed(REPLICAS),
    "a policy for some pods": changed(
        REPLICAS, "spec", "podSelector", to={"matchLabels": {"app": "other"}}
    ),
    "a policy on the way out alone": changed(REPLICAS, "spec", "policyTypes", to=["Egress"]),
}


@pytest.mark.parametrize("planted", [pytest.param(row, id=name) for name, row in MISTAKES.items()])
def test_every_way_around_the_edge_is_reported_by_its_rule_alone(
    prod: Recording, planted: Planted
) -> None:
    assert_reported_alone(prod, planted)


@pytest.mark.parametrize("plant", [pytest.param(row, id=name) for name, row in UNGUARDED.items()])
def test_models_that_no_policy_guards_are_each_named(prod: Recording, plant: Plant) -> None:
    found = reported(plant(prod))
    assert {rule for rule, _ in found} == {"models-behind-edge"}
    assert len(found) == 3
    assert all("deployment-vllm-" in urn for _, urn in found)
