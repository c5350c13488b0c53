"""Instances that wait stopped beside a group: drawn when its desired capacity rises, and made up for."""

from collections import Counter

import pytest
from botocore.exceptions import ClientError

from tests.cluster.api import eventually
from tests.cluster.scarcity.clients import Clients
from tests.cluster.scarcity.groups import keep_warm
from tests.cluster.scarcity.observed import ON_DEMAND, SPOT, ZONES, in_service, instances_of, launch
from tests.cluster.scarcity.scarcity import Scarcity


def _waiting(aws: Clients, group: str = ON_DEMAND) -> Counter[str]:
    """The lifecycle states in the warm pool of a group."""
    found = aws.autoscaling.describe_warm_pool(AutoScalingGroupName=group)["Instances"]
    return Counter(instance["LifecycleState"] for instance in found)


def _await_stopped(aws: Clients, count: int) -> None:
    def settled() -> bool:
        """so many instances wait, all of them stopped"""
        return _waiting(aws) == {"Warmed:Stopped": count}

    eventually(settled)


def _desire(aws: Clients, count: int) -> None:
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName=ON_DEMAND, DesiredCapacity=count)


def test_what_waits_is_not_of_the_group_and_spread_over_the_zones(
    scarcity: Scarcity, aws: Clients
) -> None:
    keep_warm(aws, ON_DEMAND, 3)
    _await_stopped(aws, 3)
    assert not instances_of(aws, ON_DEMAND)
    assert {instance.zone for instance in scarcity.instances(ON_DEMAND, "stopped")} == set(ZONES)


def test_an_instance_warms_up_before_it_is_stopped(scarcity: Scarcity, aws: Clients) -> None:
    scarcity.pace(warming=60)
    keep_warm(aws, ON_DEMAND, 1)
    eventually(lambda: _waiting(aws) == {"Warmed:Pending:Wait": 1})


def test_a_higher_desired_capacity_draws_and_the_pool_refills(
    scarcity: Scarcity, aws: Clients
) -> None:
    keep_warm(aws, ON_DEMAND, 2)
    _await_stopped(aws, 2)
    _desire(aws, 3)
    in_service(aws, ON_DEMAND, 3)
    found = scarcity.instances(ON_DEMAND, "running")
    assert [instance.waited for instance in found] == [True, True, False]
    _await_stopped(aws, 2)


def test_launch_instances_leaves_the_pool_alone(scarcity: Scarcity, aws: Clients) -> None:
    keep_warm(aws, ON_DEMAND, 1)
    _await_stopped(aws, 1)
    launch(aws, ON_DEMAND, ZONES[0])
    in_service(aws, ON_DEMAND, 1)
    assert not [instance for instance in scarcity.instances() if instance.waited]


def test_stopped_instances_hold_no_capacity_and_may_be_refused_it(
    scarcity: Scarcity, aws: Clients
) -> None:
    keep_warm(aws, ON_DEMAND, 1)
    _await_stopped(aws, 1)
    for zone in ZONES:
        scarcity.capacity("on-demand", zone, 0)
    _desire(aws, 1)
    scarcity.pace(look=0.05)
    launch_refused = launch(aws, ON_DEMAND, ZONES[0])
    assert launch_refused["Errors"]
    assert not instances_of(aws, ON_DEMAND)
    for zone in ZONES:
        scarcity.capacity("on-demand", zone, None)
    in_service(aws, ON_DEMAND, 1)
    assert [instance.waited for instance in scarcity.instances(ON_DEMAND, "running")] == [True]


def test_what_is_ended_does_not_come_back_to_the_pool(scarcity: Scarcity, aws: Clients) -> None:
    keep_warm(aws, ON_DEMAND, 1)
    _await_stopped(aws, 1)
    _desire(aws, 1)
    (drawn,) = in_service(aws, ON_DEMAND, 1)
    _await_stopped(aws, 1)
    aws.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=drawn, ShouldDecrementDesiredCapacity=True
    )
    eventually(lambda: not instances_of(aws, ON_DEMAND))
    assert _waiting(aws) == {"Warmed:Stopped": 1}
    assert drawn not in {i.instance_id for i in scarcity.instances(ON_DEMAND, "stopped")}


def test_a_group_without_a_warm_pool_has_nothing_there(aws: Clients) -> None:
    assert not _waiting(aws, SPOT)
    with pytest.raises(ClientError, match="not found"):
        _waiting(aws, "no-such-group")
