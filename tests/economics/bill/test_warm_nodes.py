"""What nodes cost that wait stopped: their disks, whoever serves, and nothing else."""

import pytest

from tests.economics.stacks import Keys, bill_of, line_of, plan_of
from tokenfleet.plan.stack import Plan

TITLE = "inferentia2 on-demand warm pool volumes"


def with_warm_nodes(count: int) -> Plan:
    """The prod stack with so many warm nodes on Inferentia2."""

    def edit(keys: Keys) -> None:
        keys["pools"]["inferentia2"]["tiers"]["on-demand"]["warmNodes"] = count

    return plan_of("prod", edit)


@pytest.mark.parametrize("count", [1, 3])
def test_a_stopped_node_costs_its_disks(count: int) -> None:
    plan = with_warm_nodes(count)
    (group,) = [g for g in plan.node_groups_by_pool["inferentia2"] if g.warm_pool]
    disks = group.templates[0].disks
    assert disks.cache
    # Amazon EBS pricing, us-east-1: gp3 $0.08 a GiB, $0.005 an IOPS above 3,000 and $0.04 a MiB/s
    # above 125, a month.
    month = sum(
        volume.size_gib * 0.08
        + (volume.iops - 3000) * 0.005
        + (volume.throughput_mib_per_second - 125) * 0.04
        for volume in (disks.root, disks.cache)
    )
    line = line_of(bill_of(plan), TITLE)
    assert line.quantity == count
    assert line.usd_per_month == pytest.approx(count * month)


def test_stopped_nodes_add_their_disks_and_no_hours_of_nodes() -> None:
    with_them, without = bill_of(with_warm_nodes(2)), bill_of(with_warm_nodes(0))
    line = line_of(with_them, TITLE)
    assert line.usd_per_hour
    assert line.usd_per_hour_by_cause == {"overhead": line.usd_per_hour}
    # Which of the pool's hours are on spot is another matter: a loss that can be made up for is risked.
    others, before = (
        [row for row in bill.lines if row.pool != "inferentia2"] for bill in (with_them, without)
    )
    assert others == before
    hours, hours_before = (
        sum(row.quantity or 0 for row in bill.lines if row.title.startswith("inferentia2 nodes "))
        for bill in (with_them, without)
    )
    assert hours == pytest.approx(hours_before)


def test_disks_of_stopped_nodes_are_paid_with_no_replica_at_all() -> None:
    plan = with_warm_nodes(2)
    nobody = {model.name: 0.0 for model in plan.models}
    assert line_of(bill_of(plan, **nobody), TITLE).quantity == 2
