"""Groups as AWS's behave, where moto's differ: slow, zonal, bounded, and refilling themselves."""

import time

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


def _desire(aws: Clients, group: str, count: int) -> None:
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=count)


def _terminate(aws: Clients, instance_id: str, *, decrement: bool) -> None:
    aws.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=instance_id, ShouldDecrementDesiredCapacity=decrement
    )


@pytest.mark.parametrize("count", [-1, 11])
def test_desired_capacity_outside_the_bounds_is_refused(count: int, aws: Clients) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        _desire(aws, SPOT, count)
    assert group_of(aws, SPOT)["DesiredCapacity"] == 0


def test_desired_capacity_comes_later_and_spread_over_the_zones(
    scarcity: Scarcity, aws: Clients
) -> None:
    # A group that is new looks at itself: that is over then.
    _desire(aws, SPOT, 1)
    in_service(aws, SPOT, 1)
    scarcity.pace(look=1)
    asked = time.time()
    _desire(aws, SPOT, 4)
    in_service(aws, SPOT, 4)
    _, *launched = sorted(instance.launched_at for instance in scarcity.instances(SPOT))
    # Nothing of it came with the answer; a second of one clock is not quite one of another.
    assert min(launched) - asked > 0.9
    zones = [instance["AvailabilityZone"] for instance in instances_of(aws, SPOT)]
    assert sorted(zones.count(zone) for zone in ZONES) == [1, 1, 2]


def test_a_group_goes_on_trying_and_takes_the_zone_that_has_room(
    scarcity: Scarcity, aws: Clients
) -> None:
    for zone in ZONES:
        scarcity.capacity("spot", zone, 1 if zone == ZONES[0] else 0)
    _desire(aws, SPOT, 2)
    in_service(aws, SPOT, 1)
    scarcity.capacity("spot", ZONES[1], 1)
    in_service(aws, SPOT, 2)
    assert sorted(i["AvailabilityZone"] for i in instances_of(aws, SPOT)) == list(ZONES[:2])


def test_a_lost_instance_is_replaced_as_long_as_desired_capacity_stands(
    scarcity: Scarcity, aws: Clients
) -> None:
    (lost,) = ids(launch(aws, SPOT, ZONES[0]))
    in_service(aws, SPOT, 1)
    scarcity.reclaim(ZONES[0], seconds=0)
    eventually(lambda: scarcity.instances(SPOT, "terminated"))
    (replacement,) = in_service(aws, SPOT, 1)
    assert replacement != lost
    assert [i.launched_by for i in scarcity.instances()] == ["LaunchInstances", "refill"]


def test_one_that_is_ended_in_ec2_is_replaced_too(scarcity: Scarcity, aws: Clients) -> None:
    (ended,) = ids(launch(aws, SPOT, ZONES[0]))
    aws.ec2.terminate_instances(InstanceIds=[ended])
    eventually(lambda: [i for i in scarcity.instances() if i.launched_by == "refill"])
    assert scarcity.instances()[0].ended_by == "TerminateInstances"


def test_a_suspended_group_replaces_nothing(scarcity: Scarcity, aws: Clients) -> None:
    launch(aws, SPOT, ZONES[0])
    aws.autoscaling.suspend_processes(AutoScalingGroupName=SPOT, ScalingProcesses=["Launch"])
    aws.autoscaling.suspend_processes(AutoScalingGroupName=ON_DEMAND, ScalingProcesses=["Launch"])
    scarcity.reclaim(ZONES[0], seconds=0)
    eventually(lambda: scarcity.instances(SPOT, "terminated"))
    aws.autoscaling.resume_processes(AutoScalingGroupName=ON_DEMAND)
    # Both look at themselves in the same rhythm: once this one has, so has the other.
    _desire(aws, ON_DEMAND, 1)
    in_service(aws, ON_DEMAND, 1)
    assert not instances_of(aws, SPOT)


def test_ending_with_decrement_ignores_protection_and_is_not_made_up_for(
    scarcity: Scarcity, aws: Clients
) -> None:
    launch(aws, SPOT, ZONES[0], 2)
    first, second = in_service(aws, SPOT, 2)
    _terminate(aws, first, decrement=True)
    assert group_of(aws, SPOT)["DesiredCapacity"] == 1
    assert in_service(aws, SPOT, 1) == [second]
    assert [i.ended_by for i in scarcity.instances(SPOT)] == [
        "TerminateInstanceInAutoScalingGroup",
        "",
    ]


def test_ending_without_decrement_is_made_up_for(aws: Clients) -> None:
    launch(aws, SPOT, ZONES[0])
    (first,) = in_service(aws, SPOT, 1)
    _terminate(aws, first, decrement=False)
    assert group_of(aws, SPOT)["DesiredCapacity"] == 1
    eventually(lambda: first not in {i["InstanceId"] for i in instances_of(aws, SPOT)})
    in_service(aws, SPOT, 1)


def test_an_instance_that_is_ending_takes_a_while(scarcity: Scarcity, aws: Clients) -> None:
    launch(aws, SPOT, ZONES[0])
    (first,) = in_service(aws, SPOT, 1)
    scarcity.pace(ending=60)
    _terminate(aws, first, decrement=True)
    (described,) = instances_of(aws, SPOT)
    assert described["LifecycleState"] == "Terminating"


def test_ending_again_what_is_ending_decrements_again(scarcity: Scarcity, aws: Clients) -> None:
    # Groups that dwindled by it: kubernetes/autoscaler#5411.
    scarcity.pace(ending=60)
    launch(aws, SPOT, ZONES[0], 2)
    first, _ = in_service(aws, SPOT, 2)
    for _ in range(2):
        _terminate(aws, first, decrement=True)
    assert group_of(aws, SPOT)["DesiredCapacity"] == 0


def test_ending_below_the_minimum_with_decrement_is_refused(aws: Clients) -> None:
    launch(aws, SPOT, ZONES[0])
    (first,) = in_service(aws, SPOT, 1)
    aws.autoscaling.update_auto_scaling_group(AutoScalingGroupName=SPOT, MinSize=1)
    with pytest.raises(ClientError, match="minSize"):
        _terminate(aws, first, decrement=True)
    assert in_service(aws, SPOT, 1) == [first]


def test_an_instance_of_no_group_is_refused(aws: Clients) -> None:
    with pytest.raises(ClientError, match="No managed instance"):
        _terminate(aws, "i-00000000000000000", decrement=True)


def test_protected_instances_outlive_a_lower_desired_capacity(aws: Clients) -> None:
    for group in (SPOT, ON_DEMAND):
        launch(aws, group, ZONES[0], 2)
        in_service(aws, group, 2)
    (kept, open_to_it) = [i["InstanceId"] for i in instances_of(aws, ON_DEMAND)]
    aws.autoscaling.set_instance_protection(
        AutoScalingGroupName=ON_DEMAND, InstanceIds=[open_to_it], ProtectedFromScaleIn=False
    )
    for group in (SPOT, ON_DEMAND):
        _desire(aws, group, 0)
    assert in_service(aws, ON_DEMAND, 1) == [kept]
    assert (group_of(aws, SPOT)["DesiredCapacity"], len(in_service(aws, SPOT, 2))) == (0, 2)


def test_an_update_keeps_the_purchase_options(scarcity: Scarcity, aws: Clients) -> None:
    aws.autoscaling.update_auto_scaling_group(AutoScalingGroupName=SPOT, MaxSize=3)
    assert group_of(aws, SPOT).get("MixedInstancesPolicy")
    launch(aws, SPOT, ZONES[0])
    assert [instance.market for instance in scarcity.instances()] == ["spot"]


def test_groups_are_described_page_by_page(aws: Clients) -> None:
    pages = aws.autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
        PaginationConfig={"PageSize": 1}
    )
    names = [[g["AutoScalingGroupName"] for g in page["AutoScalingGroups"]] for page in pages]
    assert sorted(names) == [[ON_DEMAND], [SPOT]]
