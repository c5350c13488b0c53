"""Calls to Auto Scaling: how long they may take, and which refusals are none."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from tokenfleet.capacity.controller.groups import CloudError, Groups, Instance, Stopped
from tokenfleet.capacity.controller.warm_pool import sized

INSTANCE = Instance(id="i-1", group="g", zone="a", type="", in_service=True)
_AT_MINIMUM = (
    "Currently, desiredSize equals minSize (1). Terminating instance without replacement will"
    " violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false"
    " or lower group's min size."
)
_GONE = "Instance Id not found - No managed instance found for instance ID: i-1"


class _Calls:
    """Those made of any client, in order, each answered with the next answer."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *answers: Exception | Mapping[str, Any]
    ) -> None:
        self.made: list[tuple[str, Mapping[str, Any], float]] = []
        self._answers = list(answers)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")

        def call(client: BaseClient, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
            config = cast("Any", client.meta.config)
            self.made.append((name, arguments, config.read_timeout))
            answer = self._answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(BaseClient, "_make_api_call", call)


def _refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "any")


def test_who_looks_waits_no_longer_than_a_deadline_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _Calls(monkeypatch, {"AutoScalingGroups": []}, {}, {"Instances": []}, {})
    groups = Groups("us-east-1")
    groups.held(["g"])
    groups.end(INSTANCE)
    groups.stopped("g")
    groups.resize("g", 1)
    assert all(seconds <= 10 for _, _, seconds in calls.made)


@pytest.mark.parametrize(
    ("refusal", "decrements"),
    [
        (_refusal("ValidationError", _GONE), [True]),
        (_refusal("ValidationError", _AT_MINIMUM), [True, False]),
    ],
)
def test_what_is_gone_or_the_last_allowed_is_ended_all_the_same(
    refusal: ClientError, decrements: Sequence[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _Calls(monkeypatch, refusal, {})
    Groups("us-east-1").end(INSTANCE)
    assert [made["ShouldDecrementDesiredCapacity"] for _, made, _ in calls.made] == decrements


STATES = (
    ("Pending", "Pending:Wait", "Pending:Proceed", "InService"),
    ("EnteringStandby", "Standby"),
    ("Terminating", "Terminating:Wait", "Detached", "Warmed:Stopped", "Warmed:Pending:Wait"),
)


def _described(states: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    return [
        {"InstanceId": state, "AvailabilityZone": "a", "LifecycleState": state} for state in states
    ]


def test_a_group_has_what_starts_and_what_serves_and_does_not_count_what_stands_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted, aside, others = STATES
    found = {
        "AutoScalingGroupName": "g",
        "DesiredCapacity": 7,
        "Instances": _described([*counted, *aside, *others]),
    }
    _Calls(monkeypatch, {"AutoScalingGroups": [found]})
    held = Groups("us-east-1").held(["g"])
    assert [instance.id for instance in held.instances] == [*counted, *aside]
    assert {instance.id for instance in held.instances if instance.standby} == set(aside)
    assert held.desired == {"g": 7}
    assert sized(held) == {"g": len(counted)}


def test_of_a_warm_pool_only_what_is_stopped_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    states = ["Warmed:Stopped", "Warmed:Stopped", "Warmed:Pending:Wait", "Warmed:Terminating"]
    _Calls(monkeypatch, {"Instances": _described(states)})
    assert Groups("us-east-1").stopped("g") == Stopped(ready=2, warming=1)


def _answered(*codes: str, instances: Sequence[str] = ()) -> Mapping[str, Any]:
    return {
        "Instances": [{"InstanceIds": list(instances)}] if instances else [],
        "Errors": [{"ErrorCode": code, "ErrorMessage": "no"} for code in codes],
    }


@pytest.mark.parametrize(
    ("answer", "instances", "code"),
    [
        (_answered(instances=["i-1", "i-2"]), ["i-1", "i-2"], ""),
        (_answered("InsufficientInstanceCapacity"), [], "InsufficientInstanceCapacity"),
        (_answered("UnfulfillableCapacity", instances=["i-1"]), ["i-1"], "UnfulfillableCapacity"),
        (_answered(), [], "UnfulfillableCapacity"),
    ],
)
def test_a_launch_says_what_came_of_it(
    answer: Mapping[str, Any],
    instances: Sequence[str],
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _Calls(monkeypatch, answer)
    got = Groups("us-east-1").launch("g", "a", 2, there=[], now=0)
    assert (got.instances, got.code) == (instances, code)


def test_a_launch_is_another_one_once_an_instance_was_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = _Calls(monkeypatch, *[{"Instances": [{"InstanceIds": ["i-1"]}]}] * 2, {}, {})
    groups = Groups("us-east-1")
    for _ in range(2):
        groups.launch("g", "a", 1, there=[], now=0)
    groups.end(INSTANCE)
    groups.launch("g", "a", 1, there=[], now=0)
    first, again, _, another = [made.get("ClientToken") for _, made, _ in calls.made]
    assert first == again != another


def test_a_denial_within_an_answer_is_no_lack_of_capacity(monkeypatch: pytest.MonkeyPatch) -> None:
    _Calls(monkeypatch, _answered("UnauthorizedOperation"))
    with pytest.raises(CloudError, match="UnauthorizedOperation"):
        Groups("us-east-1").launch("g", "a", 2, there=[], now=0)


@pytest.mark.parametrize(
    "refusal",
    [_refusal("ScalingActivityInProgress", "wait"), ResponseParserError("it broke off")],
)
def test_any_other_refusal_is_said(refusal: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    _Calls(monkeypatch, refusal)
    with pytest.raises(CloudError):
        Groups("us-east-1").end(INSTANCE)
