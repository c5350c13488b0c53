"""A shell on a node: nobody has one unless the stack file says so, and then on every node."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tokenfleet.policies.rulebook import findings
from tokenfleet.recording.recorded import Mode, Recording

Keys = dict[str, Any]
Record = Callable[[Mapping[str, Any], Mode], Recording]


def _node_roles_with_sessions(recording: Recording) -> tuple[set[str], set[str]]:
    """The roles that nodes have, and those of any kind by which a session may be opened."""
    nodes = {
        str(profile.inputs["role"])
        for profile in recording.of_type("aws:iam/instanceProfile:InstanceProfile")
    }
    policies = recording.of_type("aws:iam/rolePolicy:RolePolicy")
    opening = {
        str(policy.inputs["role"])
        for policy in policies
        for statement in json.loads(str(policy.inputs["policy"]))["Statement"]
        if any(action.startswith("ssm") for action in statement["Action"])
    }
    managed = recording.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert not [a for a in managed if "SSM" in str(a.inputs["policyArn"])]
    return nodes, opening


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_nobody_gets_a_shell_by_default(
    stack: str, keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    nodes, opening = _node_roles_with_sessions(recording_of(keys_of(stack), "deployment"))
    assert nodes
    assert opening == set()


def test_with_ssm_every_node_and_nothing_else_takes_sessions(
    keys_of: Callable[[str], Keys], recording_of: Record
) -> None:
    keys = keys_of("prod")
    keys["cluster"]["nodeAccess"] = "ssm"
    recording = recording_of(keys, "deployment")
    nodes, opening = _node_roles_with_sessions(recording)
    assert nodes == opening
    assert len(nodes) == 1 + len(keys["pools"])
    assert not findings(recording)
