"""The Auto Scaling groups: what they hold, and launching and ending one by one.

Synchronous LaunchInstances (Auto Scaling user guide, "Launch instances synchronously") with the
zone named, not the desired size: that is a second writer's, and asks for any zone. But of a warm
pool only the desired size is documented to draw, so there it is set (warm_pool.py).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tokenfleet.capacity.controller.client import aws_client

# What EC2 and Auto Scaling answer where there is no capacity, or the account may have no more.
_NO_CAPACITY = frozenset(
    {
        "InsufficientFreeAddressesInSubnet",
        "InsufficientHostCapacity",
        "InsufficientInstanceCapacity",
        "InsufficientReservedInstanceCapacity",
        "InstanceLimitExceeded",
        "MaxSpotInstanceCountExceeded",
        "SpotMaxPriceTooLow",
        "UnfulfillableCapacity",
        "Unsupported",
        "VcpuLimitExceeded",
    }
)
# Of botocore; the last is none of its BotoCoreErrors: an answer that broke off.
_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
_IN_USE = ("Pending", "InService", "EnteringStandby", "Standby")
_TOKEN_SECONDS = 20
_MOST_AT_ONCE = 100


class CloudError(Exception):
    """A call that failed for another reason than capacity; ``code`` as AWS has it."""

    def __init__(self, call: str, code: str, message: str) -> None:
        super().__init__(f"{call}: {code}: {message}")
        self.call, self.code = call, code


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One of a group."""

    id: str
    group: str
    zone: str
    type: str
    in_service: bool
    standby: bool = False
    """Whether a person has put it aside: the group's desired size does not count it."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """What groups hold, and how many instances each wishes for, by its name."""

    instances: Sequence[Instance]
    desired: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """What a warm pool holds: instances that wait, and those that are on the way there."""

    ready: int = 0
    warming: int = 0


@dataclass(frozen=True, kw_only=True)
class Launched:
    """What came of asking; ``code`` is why not all of it."""

    instances: Sequence[str]
    code: str = ""


class Groups:
    """Of one region."""

    def __init__(self, region: str) -> None:
        # A fleet takes its time; for anything else deadlines are not to pass.
        self._client = aws_client("autoscaling", region, read_seconds=60)
        self._soon = aws_client("autoscaling", region, read_seconds=10)
        self._window, self._ended = 0, list[str]()

    def held(self, groups: Sequence[str]) -> Held:
        """Instances that run, or are about to; those of a warm pool do not, and are left out.

        Raises:
            CloudError: when AWS does not say.
        """
        found: list[Instance] = []
        desired: dict[str, int] = {}
        try:
            pages = self._soon.get_paginator("describe_auto_scaling_groups").paginate(
                AutoScalingGroupNames=list(groups)
            )
            for page in pages:
                for group in page["AutoScalingGroups"]:
                    found += _instances(group)
                    desired[group["AutoScalingGroupName"]] = group["DesiredCapacity"]
        except _ERRORS as error:
            failed = _cloud_error("DescribeAutoScalingGroups", error)
            raise failed from error
        return Held(instances=found, desired=desired)

    def stopped(self, group: str) -> Stopped:
        """What waits in the warm pool of a group; nothing where it has none.

        Raises:
            CloudError: when AWS does not say.
        """
        states: list[str] = []
        try:
            pages = self._soon.get_paginator("describe_warm_pool").paginate(
                AutoScalingGroupName=group
            )
            for page in pages:
                states += [found["LifecycleState"] for found in page.get("Instances", ())]
        except _ERRORS as error:
            failed = _cloud_error("DescribeWarmPool", error)
            raise failed from error
        return Stopped(
            ready=states.count("Warmed:Stopped"),
            warming=sum(state.startswith("Warmed:Pending") for state in states),
        )

    def resize(self, group: str, size: int) -> None:
        """Set how many instances a group wishes for; to do it twice changes nothing.

        Raises:
            CloudError: when AWS refuses, or does not say whether it did it.
        """
        try:
            self._soon.set_desired_capacity(
                AutoScalingGroupName=group, DesiredCapacity=size, HonorCooldown=False
            )
        except _ERRORS as error:
            failed = _cloud_error("SetDesiredCapacity", error)
            raise failed from error

    def launch(
        self, group: str, zone: str, count: int, *, there: Sequence[str], now: float
    ) -> Launched:
        """Ask one zone for nodes and get the answer.

        Two calls of the same meaning, within 20 s and with the same instances ``there``, launch
        once; unless one was ended in between, which might be the very one that the second is
        answered with.

        Raises:
            CloudError: when it fails for another reason than capacity.
        """
        count = min(count, _MOST_AT_ONCE)
        window = int(now // _TOKEN_SECONDS)
        if window != self._window:
            self._window, self._ended = window, []
        meaning = f"{group} {zone} {count} {sorted(there)} {window} {self._ended}"
        token = hashlib.sha256(meaning.encode()).hexdigest()[:32]
        try:
            answer = self._client.launch_instances(
                AutoScalingGroupName=group,
                RequestedCapacity=count,
                ClientToken=token,
                AvailabilityZones=[zone],
            )
        except _ERRORS as error:
            failed = _cloud_error("LaunchInstances", error)
            if failed.code in _NO_CAPACITY:
                return Launched(instances=(), code=failed.code)
            raise failed from error
        got = [i for launched in answer.get("Instances", ()) for i in launched["InstanceIds"]]
        errors = answer.get("Errors", ())
        codes = [error["ErrorCode"] for error in errors]
        if not got and codes and _NO_CAPACITY.isdisjoint(codes):
            # A denial, or a template that is wrong: capacity there may be plenty of.
            message = str(errors[0].get("ErrorMessage", ""))
            failed = CloudError("LaunchInstances", codes[0], message)
            raise failed
        code = codes[0] if codes else "" if len(got) >= count else "UnfulfillableCapacity"
        return Launched(instances=got, code="" if len(got) >= count else code)

    def end(self, instance: Instance) -> None:
        """End an instance so that its group launches none in its place; gone already is fine.

        A group at its lower bound does launch another, or what hangs there could never be ended.

        Raises:
            CloudError: when AWS refuses.
        """
        self._ended.append(instance.id)
        try:
            self._end(instance, decrement=True)
        except CloudError as failed:
            said = str(failed).lower()
            if failed.code != "ValidationError" or not ("not found" in said or "min size" in said):
                raise
            if "min size" in said:
                self._end(instance, decrement=False)

    def _end(self, instance: Instance, *, decrement: bool) -> None:
        try:
            self._soon.terminate_instance_in_auto_scaling_group(
                InstanceId=instance.id, ShouldDecrementDesiredCapacity=decrement
            )
        except _ERRORS as error:
            failed = _cloud_error("TerminateInstanceInAutoScalingGroup", error)
            raise failed from error


def _instances(group: Mapping[str, Any]) -> Sequence[Instance]:
    return [
        Instance(
            id=found["InstanceId"],
            group=group["AutoScalingGroupName"],
            zone=found["AvailabilityZone"],
            type=found.get("InstanceType", ""),
            in_service=found["LifecycleState"] == "InService",
            standby=found["LifecycleState"].endswith("Standby"),
        )
        for found in group.get("Instances", ())
        if found["LifecycleState"].startswith(_IN_USE)
    ]


def _cloud_error(call: str, error: Exception) -> CloudError:
    if isinstance(error, ClientError):
        answer: Mapping[str, Any] = error.response.get("Error", {})
        return CloudError(call, str(answer.get("Code", "?")), str(answer.get("Message", "")))
    return CloudError(call, type(error).__name__, str(error))
