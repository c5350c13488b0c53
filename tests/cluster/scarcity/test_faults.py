"""Calls that go wrong on purpose, and the list of calls that tests read."""

import subprocess
import sys
import time
from collections.abc import Mapping

import pytest
from botocore.exceptions import ClientError

from tests.cluster.scarcity.clients import Clients
from tests.cluster.scarcity.observed import SPOT, ZONES, ids, instances_of, launch
from tests.cluster.scarcity.records import SCENARIO
from tests.cluster.scarcity.scarcity import Scarcity

DESCRIBE = "DescribeAutoScalingGroups"


@pytest.fixture
def controller(scarcity: Scarcity, aws: Clients) -> Clients:
    """Clients of whom a test is about, in a region that has groups."""
    assert aws
    return scarcity.clients()


def _codes(controller: Clients, times: int) -> list[str]:
    """What a call is refused with, so many times."""
    found: list[str] = []
    for _ in range(times):
        try:
            controller.autoscaling.describe_auto_scaling_groups()
        except ClientError as refused:
            found.append(str(refused.response.get("Error", {}).get("Code")))
        else:
            found.append("")
    return found


STATUS: Mapping[str, int] = {
    "Throttling": 400,
    "RequestLimitExceeded": 503,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "AccessDenied": 403,
}


@pytest.mark.parametrize("code", list(STATUS))
def test_every_service_refuses_with_the_code_and_its_status(
    code: str, scarcity: Scarcity, controller: Clients
) -> None:
    scarcity.fault(code=code)
    calls = (
        controller.autoscaling.describe_auto_scaling_groups,
        controller.ec2.describe_instances,
        controller.sqs.list_queues,
        controller.events.list_rules,
    )
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        answer = refused.value.response
        assert answer.get("Error", {}).get("Code") == code
        assert answer.get("ResponseMetadata", {}).get("HTTPStatusCode") == STATUS[code]
    assert [call.error for call in scarcity.calls()] == [code] * len(calls)


def test_the_next_calls_of_one_action_fail_until_there_were_enough(
    scarcity: Scarcity, controller: Clients
) -> None:
    scarcity.fault(DESCRIBE, "Throttling", times=2)
    assert launch(controller, SPOT, ZONES[0])
    assert _codes(controller, 3) == ["Throttling", "Throttling", ""]


def test_a_share_of_calls_fails_until_all_is_well(scarcity: Scarcity, controller: Clients) -> None:
    scarcity.fault(code="InternalFailure", share=0.5)
    assert 5 <= _codes(controller, 20).count("InternalFailure") <= 15
    scarcity.heal()
    assert _codes(controller, 3) == ["", "", ""]


def test_whoever_sets_the_scene_is_spared(scarcity: Scarcity, aws: Clients) -> None:
    scarcity.fault(code="AccessDenied")
    assert instances_of(aws, SPOT) == []


def test_an_answer_may_be_late(scarcity: Scarcity, controller: Clients) -> None:
    scarcity.fault(DESCRIBE, seconds=0.5, times=1)
    began = time.monotonic()
    assert _codes(controller, 1) == [""]
    assert time.monotonic() - began >= 0.5
    assert scarcity.calls(DESCRIBE)[0].seconds >= 0.5


def test_a_launch_whose_answer_was_lost_is_found_by_its_token(
    scarcity: Scarcity, controller: Clients
) -> None:
    scarcity.fault("LaunchInstances", "InternalFailure", times=1, done=True)
    with pytest.raises(ClientError, match="InternalFailure"):
        launch(controller, SPOT, ZONES[0], key="a")
    (running,) = [instance.instance_id for instance in scarcity.instances()]
    assert ids(launch(controller, SPOT, ZONES[0], key="a")) == [running]
    assert len(scarcity.instances()) == 1


def test_calls_are_listed_by_caller_with_what_was_asked_and_answered(
    scarcity: Scarcity, controller: Clients
) -> None:
    before = time.time()
    (started,) = ids(launch(controller, SPOT, ZONES[0], key="a"))
    (call,) = scarcity.calls()
    assert (call.service, call.action, call.error) == ("autoscaling", "LaunchInstances", "")
    assert call.parameters == {
        "AutoScalingGroupName": SPOT,
        "RequestedCapacity": 1,
        "AvailabilityZones": [ZONES[0]],
        "ClientToken": "a",
    }
    assert call.answer["Instances"][0]["InstanceIds"] == [started]
    assert before <= call.at <= time.time()
    assert scarcity.calls("SetDesiredCapacity") == []
    assert scarcity.calls("CreateAutoScalingGroup", caller=SCENARIO)


def test_a_process_with_its_environment_is_the_caller(scarcity: Scarcity) -> None:
    program = "import boto3; boto3.client('autoscaling').describe_auto_scaling_groups()"
    subprocess.run([sys.executable, "-c", program], env=scarcity.environment("other"), check=True)
    assert [call.action for call in scarcity.calls(caller="other")] == [DESCRIBE]
    assert not scarcity.calls()
