"""What the tests of the stand-in look at, and wait for."""

from typing import TYPE_CHECKING

from tests.cluster.api import eventually
from tests.cluster.scarcity.clients import Clients

if TYPE_CHECKING:
    from types_boto3_autoscaling.type_defs import (
        AutoScalingGroupTypeDef,
        InstanceTypeDef,
        LaunchInstancesResultTypeDef,
    )

SPOT = "tokenfleet-prod-graviton4-spot"
ON_DEMAND = "tokenfleet-prod-graviton4-on-demand"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


def group_of(aws: Clients, name: str) -> "AutoScalingGroupTypeDef":
    """A group as it is described."""
    (found,) = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    return found


def instances_of(aws: Clients, name: str) -> "list[InstanceTypeDef]":
    """The instances of a group as they are described."""
    return group_of(aws, name).get("Instances", [])


def in_service(aws: Clients, name: str, count: int) -> list[str]:
    """The ids of a group's instances, once so many and no others are in service."""

    def settled() -> list[str] | None:
        """so many instances are in service"""
        found = instances_of(aws, name)
        ready = [i["InstanceId"] for i in found if i["LifecycleState"] == "InService"]
        return ready if len(ready) == len(found) == count else None

    if count == 0:
        eventually(lambda: not instances_of(aws, name))
        return []
    found = eventually(settled)
    assert found
    return found


def launch(
    aws: Clients, group: str, zone: str, count: int = 1, key: str = ""
) -> "LaunchInstancesResultTypeDef":
    """LaunchInstances in one zone; ``key`` is its ClientToken."""
    return aws.autoscaling.launch_instances(
        AutoScalingGroupName=group,
        RequestedCapacity=count,
        AvailabilityZones=[zone],
        ClientToken=key or f"{group[-5:]}-{zone}-{count}",
    )


def ids(answer: "LaunchInstancesResultTypeDef") -> list[str]:
    """The instances that a launch gave."""
    return [name for part in answer.get("Instances", []) for name in part.get("InstanceIds", [])]
