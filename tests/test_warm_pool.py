"""A warm pool in the whole program: what is asked of AWS, in which order, and what stays as it was."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape
from botocore.validate import ParamValidator

from tokenfleet.plan.stack import Plan
from tokenfleet.policies.nodes import group_tags
from tokenfleet.policies.order import later_than
from tokenfleet.policies.rulebook import findings
from tokenfleet.policies.values import mapping, mappings
from tokenfleet.recording.recorded import Mode, RecordedResource, Recording

Keys = dict[str, Any]
Record = Callable[[Mapping[str, Any], Mode], Recording]
GROUP = "aws:autoscaling/group:Group"
HOOK = "aws:autoscaling/lifecycleHook:LifecycleHook"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
POLICY = "aws:iam/rolePolicy:RolePolicy"
NAME = "tokenfleet-dev-inferentia2-on-demand"
PUT_HOOK: Mapping[str, str] = {
    "autoscalingGroupName": "AutoScalingGroupName",
    "name": "LifecycleHookName",
    "lifecycleTransition": "LifecycleTransition",
    "defaultResult": "DefaultResult",
    "heartbeatTimeout": "HeartbeatTimeout",
}


@pytest.fixture(scope="module")
def valid() -> Callable[[str, Mapping[str, object]], str]:
    """What botocore says against the arguments of a call; it knows no values of enumerations."""
    service = botocore.session.get_session().get_service_model("autoscaling")

    def said(operation: str, arguments: Mapping[str, object]) -> str:
        shape = service.operation_model(operation).input_shape
        assert isinstance(shape, StructureShape)
        for name, value in arguments.items():
            allowed: list[str] = getattr(shape.members[name], "enum", [])
            assert not allowed or value in allowed
        return ParamValidator().validate(arguments, shape).generate_report()

    return said


@pytest.fixture
def keys(keys_of: Callable[[str], Keys], plan_of: Callable[[Mapping[str, Any]], Plan]) -> Keys:
    """Two warm nodes on Inferentia2, whose model is published."""
    keys = keys_of("prod")
    keys["pools"]["inferentia2"]["tiers"]["on-demand"]["warmNodes"] = 2
    (model,) = [m for m in plan_of(keys).models if m.pool == "inferentia2"]
    keys["models"][model.name]["published"] = model.mark
    return keys


def without(keys: Keys) -> Keys:
    """The same without warm nodes."""
    tiers = keys["pools"]["inferentia2"]["tiers"]
    tiers = tiers | {"on-demand": {**tiers["on-demand"], "warmNodes": 0}}
    pools = keys["pools"] | {"inferentia2": keys["pools"]["inferentia2"] | {"tiers": tiers}}
    return keys | {"pools": pools}


def group_of(recording: Recording) -> RecordedResource:
    (group,) = [g for g in recording.of_type(GROUP) if g.inputs["name"] == NAME]
    return group


@pytest.mark.parametrize("mode", ["preview", "deployment"])
def test_the_pool_holds_just_as_many_stopped_nodes_as_are_wanted(
    mode: Mode, keys: Keys, recording_of: Record, valid: Callable[[str, Mapping[str, object]], str]
) -> None:
    recording = recording_of(keys, mode)
    pool = mapping(group_of(recording).inputs["warmPool"])
    call = {
        "AutoScalingGroupName": NAME,
        "PoolState": pool["poolState"],
        "MinSize": pool["minSize"],
        "MaxGroupPreparedCapacity": pool["maxGroupPreparedCapacity"],
        "InstanceReusePolicy": {
            "ReuseOnScaleIn": mapping(pool["instanceReusePolicy"])["reuseOnScaleIn"]
        },
    }
    assert not valid("PutWarmPool", call)
    assert valid("PutWarmPool", call | {"MinSize": "2"})
    # Both alike, or the pool grows with the room that the group has.
    assert (call["MinSize"], call["MaxGroupPreparedCapacity"]) == (2, 2)
    assert call["PoolState"] == "Stopped"
    assert [g.inputs["name"] for g in recording.of_type(GROUP) if "warmPool" in g.inputs] == [NAME]


@pytest.mark.parametrize("mode", ["preview", "deployment"])
def test_no_launch_gets_past_the_hook(
    mode: Mode, keys: Keys, recording_of: Record, valid: Callable[[str, Mapping[str, object]], str]
) -> None:
    recording = recording_of(keys, mode)
    group = group_of(recording)
    (hook,) = recording.of_type(HOOK)
    (initial,) = mappings(group.inputs["initialLifecycleHooks"])
    call = {PUT_HOOK[key]: value for key, value in hook.inputs.items()}
    assert not valid("PutLifecycleHook", call | {"AutoScalingGroupName": NAME})
    assert call["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_LAUNCHING"
    # A new group has it before its first launch, an old one as soon as it is changed.
    assert {**initial, "autoscalingGroupName": hook.inputs["autoscalingGroupName"]} == hook.inputs
    assert group.urn in later_than(recording, hook.urn)


def test_a_stack_with_a_warm_pool_obeys_every_rule(keys: Keys, recording_of: Record) -> None:
    assert not findings(recording_of(keys, "deployment"))


def test_a_hook_that_changes_replaces_no_group(keys: Keys, recording_of: Record) -> None:
    groups = recording_of(without(keys), "deployment").of_type(GROUP)
    assert all("initialLifecycleHooks" in group.ignore_changes for group in groups)


def test_warm_nodes_touch_their_group_and_nothing_else(keys: Keys, recording_of: Record) -> None:
    before, after = (
        {r.urn: r for r in recording_of(each, "deployment").resources}
        for each in (without(keys), keys)
    )
    added = sorted(after[urn].type for urn in after.keys() - before.keys())
    assert added == [HOOK, POLICY]
    assert not before.keys() - after.keys()
    changed = {urn for urn in before if before[urn].inputs != after[urn].inputs}
    kinds = {(after[urn].type, "inferentia2-on-demand" in after[urn].name) for urn in changed}
    # The controller's settings and permissions are another matter: it draws on them.
    assert {kind for kind in kinds if not kind[0].startswith("kubernetes:")} == {
        (GROUP, True),
        (TEMPLATE, True),
        (POLICY, False),
    }
    (policy,) = (after[urn].name for urn in changed if after[urn].type == POLICY)
    assert "capacity" in policy
    deployments = {after[urn].name for urn in changed if after[urn].type.endswith(":Deployment")}
    assert {name.rpartition("deployment-")[2] for name in deployments} == {"capacity-controller"}


def test_as_long_as_weights_are_missing_nothing_waits_for_them(
    keys: Keys, recording_of: Record
) -> None:
    published = recording_of(keys, "deployment")
    del keys["models"]["qwen25-7b"]["published"]
    early = recording_of(keys, "deployment")
    assert "warmPool" not in group_of(early).inputs
    assert [r.inputs for r in early.of_type(TEMPLATE)] == [
        r.inputs for r in published.of_type(TEMPLATE)
    ]
    assert [r.inputs for r in early.of_type(HOOK)] == [r.inputs for r in published.of_type(HOOK)]


def test_the_autoscaler_is_told_the_same_of_the_group(keys: Keys, recording_of: Record) -> None:
    before, after = (group_of(recording_of(each, "deployment")) for each in (without(keys), keys))
    assert group_tags(before) == group_tags(after)
    assert [before.inputs[key] for key in ("minSize", "maxSize")] == [
        after.inputs[key] for key in ("minSize", "maxSize")
    ]


def test_nodes_may_complete_launches_of_their_own_group_alone(
    keys: Keys, recording_of: Record
) -> None:
    policies = {
        p.name: str(p.inputs["policy"]) for p in recording_of(keys, "deployment").of_type(POLICY)
    }
    allowed = {name: text for name, text in policies.items() if "CompleteLifecycleAction" in text}
    ((name, text),) = allowed.items()
    assert name.endswith("inferentia2-on-demand-warm")
    resource_by_action = {
        action: resource
        for statement in json.loads(text)["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    complete, describe = "autoscaling:CompleteLifecycleAction", "eks:DescribeAddon"
    assert set(resource_by_action) == {complete, describe}
    assert resource_by_action[complete].startswith("arn:aws:autoscaling:us-east-1:")
    assert resource_by_action[complete].endswith(f":autoScalingGroup:*:autoScalingGroupName/{NAME}")
    assert resource_by_action[describe].endswith(":addon/tokenfleet-dev/vpc-cni/*")
