"""The calls of Auto Scaling that moto lacks or gets wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.autoscaling import models
from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import AutoScalingBackend, TerminateInstanceActivity
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from tests.cluster.scarcity.records import Instance
from tests.cluster.scarcity.server.group import Group
from tests.cluster.scarcity.server.world import WORLD

MARKETS = {"spot": "Spot", "on-demand": "OnDemand"}
_INSTANCES_A_CALL = 100


class _MismatchError(AutoscalingClientError):
    code = "IdempotentParameterMismatch"


class AutoScaling(AutoScalingResponse):
    """moto's answers, with groups that behave like AWS's."""

    def launch_instances(self) -> ActionResult:
        """Launch in one zone, now or not at all (user guide, "Launch instances synchronously")."""
        asked: Mapping[str, Any] = dict(self.params)
        token = str(asked["ClientToken"])
        if token not in WORLD.launches_by_token:
            WORLD.launches_by_token[token] = asked, self._launched(asked)
        before, answer = WORLD.launches_by_token[token]
        if before != asked:
            msg = f"Client token {token} was used with other parameters"
            raise _MismatchError(msg)
        return ActionResult(dict(answer))

    def terminate_instance_in_auto_scaling_group(self) -> ActionResult:
        """End an instance, protected from scale-in or not; ask twice and two are too many."""
        instance_id = str(self._get_param("InstanceId"))
        group = self._group_with(instance_id)
        before = group.desired_capacity or 0
        if self._get_bool_param("ShouldDecrementDesiredCapacity"):
            if before <= (group.min_size or 0):
                msg = (
                    f"Currently, desiredSize equals minSize ({group.min_size}). Terminating "
                    "instance without replacement will violate group's min size constraint. "
                    "Either set shouldDecrementDesiredCapacity flag to false or lower group's "
                    "min size."
                )
                raise ValidationError(msg)
            group.desired_capacity = before - 1
        group.end(instance_id, "TerminateInstanceInAutoScalingGroup")
        group.look_later()
        instance = group.ec2_backend.get_instance(instance_id)
        return ActionResult({"Activity": TerminateInstanceActivity(instance, before)})

    def set_desired_capacity(self) -> ActionResult:
        """Wish for another number of instances."""
        group = self._group(str(self._get_param("AutoScalingGroupName")))
        group.set_desired_capacity(self._get_int_param("DesiredCapacity"))
        return EmptyResult()

    def put_warm_pool(self) -> ActionResult:
        """Instances that wait beside a group; moto only writes down that they should."""
        answer = super().put_warm_pool()
        self._group(str(self._get_param("AutoScalingGroupName"))).look_later()
        return answer

    def describe_warm_pool(self) -> ActionResult:
        """What waits there; a group without a warm pool has nothing."""
        group = self._group(str(self._get_param("AutoScalingGroupName")))
        return ActionResult(
            {"WarmPoolConfiguration": group.warm_pool, "Instances": list(group.waiting)}
        )

    def update_auto_scaling_group(self) -> ActionResult:
        """moto forgets the purchase options of a group when anything else of it changes."""
        group = self._group(str(self._get_param("AutoScalingGroupName")))
        kept = group.mixed_instances_policy
        answer = super().update_auto_scaling_group()
        if not {"LaunchTemplate", "MixedInstancesPolicy"} & set(self.params):
            group.mixed_instances_policy = kept
        return answer

    def _launched(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        group = self._group(str(asked["AutoScalingGroupName"]))
        count = int(asked["RequestedCapacity"])
        zone = self._zone(group, asked)
        self._check(group, count)
        started = group.launch(zone, count, "LaunchInstances")
        retried = asked.get("RetryStrategy") == "retry-with-group-configuration"
        group.desired_capacity = (group.desired_capacity or 0) + (
            count if retried else len(started)
        )
        group.look_later()
        where: dict[str, Any] = {
            "InstanceType": group.instance_type,
            "MarketType": MARKETS[group.market],
            "SubnetId": group.subnet(zone),
            "AvailabilityZone": zone,
        }
        return {
            "AutoScalingGroupName": group.name,
            "ClientToken": asked["ClientToken"],
            "Instances": [{**where, "InstanceIds": _ids(started)}] if started else [],
            "Errors": [{**where, **_refusal(group, zone)}] if len(started) < count else [],
        }

    def _check(self, group: Group, count: int) -> None:
        if group.market not in MARKETS:
            msg = "LaunchInstances does not support mixing On-Demand and Spot instances"
            raise ValidationError(msg)
        if not 1 <= count <= _INSTANCES_A_CALL:
            msg = f"RequestedCapacity must be between 1 and {_INSTANCES_A_CALL}"
            raise ValidationError(msg)
        if (group.desired_capacity or 0) + count > (group.max_size or 0):
            msg = f"Launching {count} would exceed the max size {group.max_size} of the group"
            raise ValidationError(msg)

    def _zone(self, group: Group, asked: Mapping[str, Any]) -> str:
        of_subnets = {group.subnet(zone): zone for zone in group.availability_zones}
        named = [*asked.get("AvailabilityZones", [])]
        named += [of_subnets.get(subnet, subnet) for subnet in asked.get("SubnetIds", [])]
        if not named and len(group.availability_zones) == 1:
            named = group.availability_zones
        if len(set(named)) != 1:
            msg = "Exactly one Availability Zone or subnet must be specified"
            raise ValidationError(msg)
        if named[0] not in group.availability_zones:
            msg = f"{named[0]} is not configured for Auto Scaling group {group.name}"
            raise ValidationError(msg)
        return str(named[0])

    def _group(self, name: str) -> Group:
        found = self.autoscaling_backend.autoscaling_groups.get(name)
        if not isinstance(found, Group):
            msg = "AutoScalingGroup name not found - null"
            raise ValidationError(msg)
        return found

    def _group_with(self, instance_id: str) -> Group:
        for group in self.autoscaling_backend.autoscaling_groups.values():
            if instance_id in {state.instance_id for state in group.instance_states}:
                return self._group(group.name)
        msg = f"Instance Id not found - No managed instance found for instance ID: {instance_id}"
        raise ValidationError(msg)


def install() -> None:
    """Put these groups in place of moto's."""
    models.FakeAutoScalingGroup = Group  # pyright: ignore[reportPrivateImportUsage] - a class of its module
    AutoScalingBackend.notify_terminate_instances = _ended_in_ec2


def _ended_in_ec2(self: AutoScalingBackend, instance_ids: list[str]) -> None:
    """What moto calls once EC2 has ended instances: their groups find out later."""
    for group in self.autoscaling_groups.values():
        for state in group.staying if isinstance(group, Group) else ():
            if state.instance_id in instance_ids and isinstance(group, Group):
                group.end(state.instance_id, "TerminateInstances")


def _ids(started: Sequence[Instance]) -> list[str]:
    return [instance.instance_id for instance in started]


def _refusal(group: Group, zone: str) -> Mapping[str, str]:
    kind, code = group.instance_type, WORLD.rooms[group.market, zone].code
    return {
        "ErrorCode": code,
        "ErrorMessage": "There is not enough capacity to fulfill your request for instance type "
        f"'{kind}' in '{zone}'",
    }
