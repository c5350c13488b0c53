"""Mistakes in what exists before what."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

import pytest

from tests.policies.planting import (
    Plant,
    Planted,
    added,
    assert_reported_alone,
    changed,
    pick,
    removed,
    replaced,
    reported,
)
from tokenfleet.recording.recorded import Recording

CLUSTER = "tokenfleet:cluster:Cluster::*"
CONTROL_PLANE = "*-control-plane"
SYSTEM_POOL = ":Pool::*-system"
SYSTEM_GROUP = ":Group::*-system-group-group"
CONTROLLER = ":Deployment::*-capacity-controller"
AUTOSCALER = ":Release::*-cluster-autoscaler"
DEPLOYMENT = ":Deployment::*-vllm-qwen3-8b"
KUBERNETES = "pulumi:providers:kubernetes::*"
JOB = "kubernetes:batch/v1:Job"


def without(pattern: str, dependency: str) -> Plant:
    """A resource that no longer waits for some of what it waited for."""

    def plant(recording: Recording) -> Recording:
        waits_for = pick(recording, pattern).dependencies
        kept = [urn for urn in waits_for if not fnmatchcase(urn, f"*{dependency}")]
        assert len(kept) < len(waits_for), f"{pattern} never waited for {dependency}"
        return replaced(pattern, dependencies=kept)(recording)

    return plant


def in_turn(*plants: Plant) -> Plant:
    """Several edits that make one mistake."""

    def plant(recording: Recording) -> Recording:
        for each in plants:
            recording = each(recording)
        return recording

    return plant


def unfounded(pattern: str, plant: Plant, says: str) -> Planted:
    """Something that may come before what it stands on."""
    return Planted(plant=plant, rule="foundations-first", on=pattern, says=says)


def egress(dependency: str, says: str) -> Planted:
    """A cluster that does not wait for one part of the network."""
    return unfounded(CONTROL_PLANE, without(CLUSTER, dependency), says)


def unidentified(pattern: str, plant: Plant, says: str) -> Planted:
    """Pods that may be admitted before their identity is there."""
    return Planted(plant=plant, rule="identities-first", on=pattern, says=says)


MISTAKES: Mapping[str, Planted] = {
    "address before the gateway": unfounded(
        ":Eip::*-us-east-1b", without(":Eip::*-us-east-1b", "-internet"), "network-internet"
    ),
    "NAT gateway before the gateway": unfounded(
        ":NatGateway::*-us-east-1b",
        in_turn(
            without(":NatGateway::*-us-east-1b", "-internet"),
            without(":Eip::*-us-east-1b", "-internet"),
            replaced(":Eip::*-us-east-1b", type="test:address"),
        ),
        "network-internet",
    ),
    "cluster before a NAT gateway": unfounded(
        CONTROL_PLANE,
        in_turn(
            without(CLUSTER, ":NatGateway::*-us-east-1c"),
            without(":RouteTable::*-private-us-east-1c", ":NatGateway::*"),
        ),
        "network-nat-us-east-1c",
    ),
    "cluster before the routes": egress(
        ":RouteTableAssociation::*-private-*", "private-us-east-1a"
    ),
    "cluster before a route": egress(
        ":RouteTableAssociation::*-private-us-east-1b", "private-us-east-1b"
    ),
    "cluster before the way to S3": egress("-endpoints-s3", "endpoints-s3"),
    "nodes before identities": unfounded(
        SYSTEM_GROUP, without(SYSTEM_POOL, "-association"), "autoscaler-association"
    ),
    "capacity controller without an identity": unidentified(
        CONTROLLER, removed("-capacity-association"), "capacity-controller has no identity"
    ),
    "objects before the administrator": unfounded(
        KUBERNETES, replaced(KUBERNETES, dependencies=[]), "cluster-admin-platform"
    ),
    "autoscaler without an identity": unidentified(
        AUTOSCALER, removed("-autoscaler-association"), "cluster-autoscaler has no identity"
    ),
    "autoscaler of another name": unidentified(
        AUTOSCALER,
        changed("-autoscaler-association", "serviceAccount", to="autoscaler"),
        "cluster-autoscaler has no identity",
    ),
    "job before its identity": unidentified(
        "planted",
        added(
            JOB,
            metadata={"namespace": "serving"},
            spec={"template": {"spec": {"serviceAccountName": "compiler"}}},
        ),
        "may start before",
    ),
}

HARMLESS: Mapping[str, Plant] = {
    "pods of an account that calls nobody": added(
        JOB, metadata={"namespace": "serving"}, spec={"template": {"spec": {}}}
    ),
    "a budget that waits for nothing": replaced(":Budget::*-monthly", dependencies=[]),
}


@pytest.mark.parametrize("planted", [pytest.param(row, id=name) for name, row in MISTAKES.items()])
def test_a_mistake_of_order_is_reported_by_its_rule_alone(
    prod: Recording, planted: Planted
) -> None:
    assert_reported_alone(prod, planted)


@pytest.mark.parametrize(
    "kind",
    [
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
        "aws:ecr/repository:Repository",
        "aws:sqs/queuePolicy:QueuePolicy",
    ],
)
def test_nodes_that_do_not_wait_for_their_images_and_notices_are_reported(
    prod: Recording, kind: str
) -> None:
    groups = prod.of_type("aws:autoscaling/group:Group")
    assert reported(added(kind)(prod)) == [("foundations-first", group.urn) for group in groups]


@pytest.mark.parametrize("plant", [pytest.param(row, id=name) for name, row in HARMLESS.items()])
def test_an_order_that_harms_nobody_is_not_reported(prod: Recording, plant: Plant) -> None:
    assert reported(plant(prod)) == []


def test_models_start_after_their_identity(prod: Recording) -> None:
    late = replaced(DEPLOYMENT, dependencies=[], parent=prod.stack_urn, provider="")(prod)
    assert ("identities-first", pick(prod, DEPLOYMENT).urn) in reported(late)
