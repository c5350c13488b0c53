"""What a stack costs before a token is served."""

import copy
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from tokenfleet.economics.bill import (
    HOURS_PER_MONTH,
    CostLine,
    fixed_lines,
    hourly_range,
    usage_prices,
    volume_usd_per_month,
)
from tokenfleet.plan.decide import decide
from tokenfleet.plan.disks import VolumePlan
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import read_stack_file

ROOT = Path(__file__).parents[2]
Keys = dict[str, Any]
EDGE = {"exposure": "internal", "allowedCidrs": ["10.0.0.0/8"]}


def plan_of(stack: str, edit: Callable[[Keys], object] = lambda _: None) -> Plan:
    """The plan of a committed stack, its keys edited."""
    keys = copy.deepcopy(cast("Keys", read_stack_file(ROOT, stack, "tokenfleet").keys))
    edit(keys)
    return decide(keys, stack, ROOT)


def in_oregon(keys: Keys) -> None:
    """The dev stack with a load balancer in us-west-2, on types that have a price there."""
    keys["region"], keys["edge"] = "us-west-2", EDGE
    keys["network"]["zones"] = ["us-west-2a", "us-west-2b"]
    keys["cluster"]["systemNodes"] = {"instanceType": "m8g.2xlarge", "count": 1}
    keys["pools"]["graviton4"]["instanceTypes"] = ["c8g.4xlarge"]


def line(plan: Plan, title: str) -> CostLine:
    """The one line of the bill whose title begins like this."""
    found = [row for row in fixed_lines(plan) if row.title.startswith(title)]
    assert len(found) == 1, title
    return found[0]


def total(plan: Plan) -> float:
    """The lines whose price is known."""
    return sum(row.usd_per_month or 0 for row in fixed_lines(plan))


@pytest.fixture(params=["dev", "prod", "dev in us-west-2"])
def plan(request: pytest.FixtureRequest) -> Plan:
    """The committed stacks, and one where a price is missing."""
    stack, _, elsewhere = str(request.param).partition(" in ")
    return plan_of(stack, in_oregon) if elsewhere else plan_of(stack)


def test_a_line_without_a_price_is_a_gap_and_never_zero(plan: Plan) -> None:
    for row in fixed_lines(plan):
        assert (row.usd_per_unit is None) == (row.usd_per_month is None), row.title
        assert row.usd_per_month is None or row.usd_per_month > 0, row.title


def test_every_line_says_what_is_counted_and_where_its_price_is_from(plan: Plan) -> None:
    for row in fixed_lines(plan):
        assert row.quantity > 0, row.title
        assert row.unit, row.title
        assert row.source, row.title
        assert "2024-01-01" < row.as_of < "2027", row.title


def test_a_line_is_its_price_times_quantity_times_units_of_a_month(plan: Plan) -> None:
    for row in fixed_lines(plan):
        if row.usd_per_unit is not None:
            units = HOURS_PER_MONTH if row.unit == "hour" else 1
            assert row.usd_per_month == pytest.approx(row.quantity * row.usd_per_unit * units)


def test_what_is_billed_by_use_has_a_price_and_no_quantity(plan: Plan) -> None:
    rows = usage_prices(plan)
    assert {row.quantity for row in rows} == {0}
    assert all(row.usd_per_unit for row in rows)


def test_no_group_costs_less_at_its_most_than_at_its_least(plan: Plan) -> None:
    for groups in plan.node_groups_by_pool.values():
        for group in groups:
            hourly = hourly_range(plan, group)
            assert 0 <= hourly.least_usd <= hourly.most_usd, group.physical_name
            assert hourly.most_usd > 0, group.physical_name


def test_nodes_that_always_run_are_billed_with_their_volumes(plan: Plan) -> None:
    rows = fixed_lines(plan)
    for pool, groups in plan.node_groups_by_pool.items():
        for group in groups:
            hours = [r for r in rows if r.title.startswith(f"{pool} nodes that always run")]
            disks = [r for r in rows if r.title.startswith(f"{pool} root volumes")]
            if group.min_nodes:
                assert group.min_nodes in [r.quantity for r in hours], group.physical_name
                assert group.min_nodes in [r.quantity for r in disks], group.physical_name
        if not any(group.min_nodes for group in groups):
            assert not any(row.title.startswith(f"{pool} ") for row in rows)


def test_a_stack_that_runs_nothing_costs_what_the_price_list_says() -> None:
    def idle(keys: Keys) -> None:
        keys.pop("edge", None)
        keys["network"] = {"zones": ["us-east-1a", "us-east-1b"], "natGateways": "single"}
        keys["cluster"]["systemNodes"] = {"instanceType": "m8g.large", "count": 1}
        keys["pools"]["graviton4"]["tiers"] = {"spot": {"max": 3}, "on-demand": {"max": 2}}

    # Control plane 73.00, one NAT gateway 32.85 and its address 3.65, key 1.00, one m8g.large at
    # 0.08976 = 65.5248 with 40 GiB of gp3 at 3.20.
    assert total(plan_of("dev", idle)) == pytest.approx(73 + 32.85 + 3.65 + 1 + 65.5248 + 3.2)


def test_a_region_without_a_price_for_load_balancers_leaves_a_gap() -> None:
    row = line(plan_of("dev", in_oregon), "Network Load Balancer")
    assert row.usd_per_unit is None
    assert row.usd_per_month is None
    assert row.quantity == 1


def test_a_gap_leaves_the_other_lines_as_they_are() -> None:
    without = dataclasses.replace(
        plan := plan_of("dev", in_oregon),
        edge=plan.edge.model_copy(update={"exposure": "cluster"}),
    )
    assert total(plan) == total(without) > 0


def test_every_model_has_a_load_balancer_of_its_own() -> None:
    plan = plan_of("prod", lambda keys: keys.update(edge=EDGE))
    row = line(plan, "Network Load Balancer")
    assert row.quantity == len(plan.models)
    assert row.usd_per_month == pytest.approx(len(plan.models) * 0.0225 * 730)


def test_more_nat_gateways_are_never_cheaper() -> None:
    single, per_zone = (
        plan_of("prod", lambda keys, n=number: keys["network"].update(natGateways=n))
        for number in ("single", "onePerZone")
    )
    zones = len(single.network.private_subnets)
    assert zones > 1
    # A gateway and its address: 0.045 + 0.005 an hour.
    assert total(per_zone) - total(single) == pytest.approx((zones - 1) * 0.05 * 730)


def test_an_interface_endpoint_is_billed_in_every_zone() -> None:
    endpoints = ["ecr.api", "ecr.dkr", "sts"]
    plan = plan_of("prod", lambda keys: keys["network"].update(interfaceEndpoints=endpoints))
    row = line(plan, "VPC interface endpoint")
    assert row.quantity == 3 * len(plan.network.private_subnets)
    none = plan_of("prod", lambda keys: keys["network"].pop("interfaceEndpoints", None))
    assert total(plan) - total(none) == pytest.approx(row.usd_per_month)


@pytest.mark.parametrize(
    ("volume", "region", "usd"),
    [
        pytest.param((40, 3000, 125), "us-east-1", 3.20, id="only what is included"),
        pytest.param((100, 3000, 125), "us-east-1", 8.00, id="size"),
        pytest.param((100, 4000, 125), "us-east-1", 13.00, id="1,000 IOPS more"),
        pytest.param((100, 3000, 1000), "us-east-1", 43.00, id="875 MiB/s more"),
        pytest.param((89, 4000, 1000), "us-east-1", 47.12, id="everything"),
        pytest.param((100, 2000, 100), "us-east-1", 8.00, id="nothing back for using less"),
        pytest.param((89, 4000, 1000), "eu-west-1", 51.832, id="Ireland"),
        pytest.param((89, 4000, 1000), "us-west-2", 47.12, id="Oregon"),
    ],
)
def test_a_volume_costs_its_size_and_what_exceeds_the_included(
    volume: tuple[int, int, int], region: str, usd: float
) -> None:
    size, iops, throughput = volume
    planned = VolumePlan(size_gib=size, iops=iops, throughput_mib_per_second=throughput)
    assert volume_usd_per_month(planned, region) == pytest.approx(usd)


TIERS: Mapping[str, tuple[Mapping[str, int], float, float]] = {
    # c8gd.4xlarge 0.78384, m8gd.4xlarge 0.92256 an hour; 40 GiB of gp3 are 3.20 a month.
    "on-demand": ({"min": 2, "max": 5}, 2 * (0.78384 + 3.2 / 730), 5 * (0.92256 + 3.2 / 730)),
    # No spot price is known: at least nothing but the volumes, at most the on-demand price.
    "spot": ({"min": 1, "max": 3}, 3.2 / 730, 3 * (0.92256 + 3.2 / 730)),
}


@pytest.mark.parametrize(("option", "row"), TIERS.items(), ids=TIERS)
def test_a_tier_costs_between_its_fewest_cheapest_and_most_dearest_nodes(
    option: str, row: tuple[Mapping[str, int], float, float]
) -> None:
    bounds, least, most = row

    def edit(keys: Keys) -> None:
        pool = keys["pools"]["graviton4"]
        pool["instanceTypes"] = ["m8gd.4xlarge", "c8gd.4xlarge"]
        pool["tiers"] = {"spot": {"max": 3}, "on-demand": {"max": 3}} | {option: dict(bounds)}

    plan = plan_of("dev", edit)
    group = next(g for g in plan.node_groups_by_pool["graviton4"] if g.purchase_option == option)
    hourly = hourly_range(plan, group)
    assert (hourly.least_usd, hourly.most_usd) == (pytest.approx(least), pytest.approx(most))
