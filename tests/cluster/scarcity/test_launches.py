"""LaunchInstances, which moto lacks: as the user guide describes synchronous launches."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cluster.api import eventually
from tests.cluster.scarcity.clients import Clients
from tests.cluster.scarcity.observed import (
    ON_DEMAND,
    SPOT,
    ZONES,
    group_of,
    ids,
    in_service,
    instances_of,
    launch,
)
from tests.cluster.scarcity.scarcity import Scarcity


def test_the_answer_names_instances_of_the_zone_that_are_pending(
    scarcity: Scarcity, aws: Clients
) -> None:
    scarcity.pace(pending=60)
    answer = launch(aws, SPOT, ZONES[1], 2)
    (part,) = answer.get("Instances", [])
    assert (part.get("AvailabilityZone"), part.get("MarketType")) == (ZONES[1], "Spot")
    assert answer.get("Errors") == []
    described = {i["InstanceId"]: i for i in instances_of(aws, SPOT)}
    assert sorted(described) == sorted(ids(answer))
    assert len(described) == group_of(aws, SPOT)["DesiredCapacity"] == 2
    for instance in described.values():
        assert (instance["LifecycleState"], instance["AvailabilityZone"]) == ("Pending", ZONES[1])
        assert not instance["ProtectedFromScaleIn"]


def test_they_are_in_service_later_and_only_then_protected(aws: Clients) -> None:
    started = ids(launch(aws, SPOT, ZONES[0], 2))
    assert sorted(in_service(aws, SPOT, 2)) == sorted(started)
    assert all(instance["ProtectedFromScaleIn"] for instance in instances_of(aws, SPOT))


def test_every_zone_of_a_group_can_be_launched_in(aws: Clients) -> None:
    for zone in ZONES:
        launch(aws, SPOT, zone)
    assert sorted(i["AvailabilityZone"] for i in instances_of(aws, SPOT)) == list(ZONES)
    reservations = aws.ec2.describe_instances()["Reservations"]
    subnets = {i.get("SubnetId") for r in reservations for i in r.get("Instances", [])}
    assert subnets == set(group_of(aws, SPOT).get("VPCZoneIdentifier", "").split(","))


def test_a_subnet_says_the_zone_too(aws: Clients) -> None:
    subnets = group_of(aws, SPOT).get("VPCZoneIdentifier", "").split(",")
    answer = aws.autoscaling.launch_instances(
        AutoScalingGroupName=SPOT, RequestedCapacity=1, SubnetIds=subnets[2:], ClientToken="a"
    )
    (part,) = answer.get("Instances", [])
    assert (part.get("SubnetId"), part.get("AvailabilityZone")) == (subnets[2], ZONES[2])


def test_spot_instances_say_so_in_ec2(aws: Clients) -> None:
    lifecycles: dict[str, str | None] = {}
    for group in (SPOT, ON_DEMAND):
        (started,) = ids(launch(aws, group, ZONES[0]))
        (found,) = aws.ec2.describe_instances(InstanceIds=[started])["Reservations"]
        (instance,) = found.get("Instances", [])
        lifecycles[group] = instance.get("InstanceLifecycle")
    assert lifecycles == {SPOT: "spot", ON_DEMAND: None}


def test_the_same_token_gives_the_same_answer_and_launches_nothing(aws: Clients) -> None:
    first = ids(launch(aws, SPOT, ZONES[0], key="a"))
    assert ids(launch(aws, SPOT, ZONES[0], key="a")) == first
    assert len(instances_of(aws, SPOT)) == group_of(aws, SPOT)["DesiredCapacity"] == 1
    assert ids(launch(aws, SPOT, ZONES[0], key="b")) != first


# Requests that are refused: (code, what is asked instead of one spot instance in the first zone).
REFUSED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "a token of another request": ("IdempotentParameterMismatch", {"ClientToken": "used"}),
    "no zone": ("ValidationError", {"AvailabilityZones": []}),
    "a zone the group is not in": ("ValidationError", {"AvailabilityZones": ["us-east-1d"]}),
    "two zones": ("ValidationError", {"AvailabilityZones": list(ZONES[:2])}),
    "a zone and the subnet of another": ("ValidationError", {"SubnetIds": ["subnet-other"]}),
    "more than the maximum": ("ValidationError", {"RequestedCapacity": 10}),
    "a group that is not there": ("ValidationError", {"AutoScalingGroupName": "other"}),
}


@pytest.mark.parametrize("request_", list(REFUSED))
def test_what_cannot_be_asked_is_refused_and_launches_nothing(request_: str, aws: Clients) -> None:
    launch(aws, SPOT, ZONES[1], key="used")
    code, change = REFUSED[request_]
    asked: dict[str, Any] = {
        "AutoScalingGroupName": SPOT,
        "RequestedCapacity": 1,
        "AvailabilityZones": [ZONES[0]],
        "ClientToken": "new",
    }
    with pytest.raises(ClientError) as refused:
        aws.autoscaling.launch_instances(**{**asked, **change})
    assert refused.value.response.get("Error", {}).get("Code") == code
    assert len(instances_of(aws, SPOT)) == group_of(aws, SPOT)["DesiredCapacity"] == 1


def test_a_dry_zone_refuses_in_the_answer_and_desired_capacity_stays(
    scarcity: Scarcity, aws: Clients
) -> None:
    scarcity.capacity("spot", ZONES[0], 0)
    answer = launch(aws, SPOT, ZONES[0])
    (error,) = answer.get("Errors", [])
    assert not ids(answer)
    assert error.get("ErrorCode") == "InsufficientInstanceCapacity"
    assert (error.get("AvailabilityZone"), error.get("MarketType")) == (ZONES[0], "Spot")
    assert group_of(aws, SPOT)["DesiredCapacity"] == 0


def test_what_there_is_comes_and_the_rest_is_an_error(scarcity: Scarcity, aws: Clients) -> None:
    scarcity.capacity("on-demand", ZONES[0], 2, code="VcpuLimitExceeded")
    answer = launch(aws, ON_DEMAND, ZONES[0], 3)
    assert len(ids(answer)) == group_of(aws, ON_DEMAND)["DesiredCapacity"] == 2
    assert [e.get("ErrorCode") for e in answer.get("Errors", [])] == ["VcpuLimitExceeded"]


def test_capacity_is_that_of_one_market_in_one_zone(scarcity: Scarcity, aws: Clients) -> None:
    scarcity.capacity("spot", ZONES[0], 0)
    for group, zone in ((SPOT, ZONES[1]), (ON_DEMAND, ZONES[0])):
        assert ids(launch(aws, group, zone))


def test_an_instance_that_ends_leaves_its_room(scarcity: Scarcity, aws: Clients) -> None:
    scarcity.capacity("spot", ZONES[0], 1)
    (first,) = ids(launch(aws, SPOT, ZONES[0], key="a"))
    assert not ids(launch(aws, SPOT, ZONES[0], key="b"))
    aws.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=first, ShouldDecrementDesiredCapacity=True
    )
    in_service(aws, SPOT, 0)
    assert ids(launch(aws, SPOT, ZONES[0], key="c"))


def test_a_retry_with_the_groups_configuration_raises_desired_capacity(
    scarcity: Scarcity, aws: Clients
) -> None:
    for zone in ZONES:
        scarcity.capacity("spot", zone, 0)
    aws.autoscaling.launch_instances(
        AutoScalingGroupName=SPOT,
        RequestedCapacity=1,
        AvailabilityZones=[ZONES[0]],
        ClientToken="a",
        RetryStrategy="retry-with-group-configuration",
    )
    assert group_of(aws, SPOT)["DesiredCapacity"] == 1
    scarcity.capacity("spot", ZONES[2], 1)
    in_service(aws, SPOT, 1)
    assert [(i.zone, i.launched_by) for i in scarcity.instances()] == [(ZONES[2], "refill")]


def test_a_launch_may_fail_while_it_is_pending_and_the_group_replaces_it(
    scarcity: Scarcity, aws: Clients
) -> None:
    scarcity.fail_launches(1)
    (failing,) = ids(launch(aws, SPOT, ZONES[0]))
    eventually(lambda: [i.instance_id for i in scarcity.instances(SPOT, "running")])
    first, second = scarcity.instances(SPOT)
    assert (first.instance_id, first.ended_by) == (failing, "late failure")
    assert (second.launched_by, second.state) == ("refill", "running")
