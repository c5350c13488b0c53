"""What a stack costs with so many replicas."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.economics.stacks import (
    EDGE,
    RESERVATION,
    Keys,
    bill_of,
    forecast_of,
    in_oregon,
    line_of,
    plan_of,
    with_tiers,
)
from tokenfleet.economics.bill.forecast import forecast, least_replicas, most_replicas
from tokenfleet.economics.bill.lines import HOURS_PER_MONTH, Bill
from tokenfleet.economics.bill.scenario import Buying, Scenario, Usage
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import stack_cost
from tokenfleet.plan.stack import Plan

HALF_SPOT = Buying(spot_share=0.5)


@cache
def prod() -> Plan:
    """The prod stack, which has every kind of line but reservations."""
    return plan_of("prod")


@pytest.fixture(params=["dev", "prod", "dev in us-west-2"])
def plan(request: pytest.FixtureRequest) -> Plan:
    """The stacks, and one where a price is missing."""
    stack, _, elsewhere = str(request.param).partition(" in ")
    return plan_of(stack, in_oregon) if elsewhere else plan_of(stack)


def test_a_line_without_a_price_is_a_gap_and_never_zero(plan: Plan) -> None:
    bill = bill_of(plan)
    for row in bill.lines:
        assert (row.usd_per_unit is None) == (row.usd_per_hour is None), row.title
        assert row.usd_per_hour is None or row.usd_per_hour > 0, row.title
        assert (row in bill.gaps) == (row.usd_per_hour is None), row.title


def test_every_line_says_what_is_counted_and_where_its_price_is_from(plan: Plan) -> None:
    for row in bill_of(plan).lines:
        assert row.quantity, row.title
        assert row.unit, row.title
        assert row.source, row.title
        assert (row.as_of is None) == (row.usd_per_unit is None), row.title


def test_a_line_is_its_price_times_quantity_times_units_of_an_hour(plan: Plan) -> None:
    for row in bill_of(plan).lines:
        if row.usd_per_unit is not None and row.quantity is not None:
            units = 1 if row.unit == "hour" else 1 / HOURS_PER_MONTH
            assert row.usd_per_hour == pytest.approx(row.quantity * row.usd_per_unit * units)


REPLICAS = st.fixed_dictionaries(
    {model.name: st.floats(0, 2 * model.max_replicas) for model in prod().models}
)


@settings(deadline=None)  # the first example reads the catalogue
@given(replicas=REPLICAS, share=st.none() | st.floats(0, 1), spare=st.floats(0, 3))
def test_causes_add_up_to_the_bill_however_it_is_run(
    replicas: Mapping[str, float], share: float | None, spare: float
) -> None:
    spares = {"gpt-oss-120b": min(spare, replicas["gpt-oss-120b"])}
    scenario = Scenario(replicas=replicas, spares=spares, buying=Buying(spot_share=share))
    run = forecast(prod(), scenario)
    for bill in (run.low, run.expected, run.high):
        assert sum(bill.usd_per_hour_by_cause.values()) == pytest.approx(bill.usd_per_hour)
        assert min(bill.usd_per_hour_by_cause.values()) > -1e-9
    assert run.low.usd_per_hour <= run.expected.usd_per_hour <= run.high.usd_per_hour


@settings(deadline=None)  # the first example reads the catalogue
@given(replicas=REPLICAS, more=st.floats(0, 3))
def test_more_replicas_are_never_cheaper(replicas: Mapping[str, float], more: float) -> None:
    grown = {name: count + more for name, count in replicas.items()}
    for buying in (Buying(), HALF_SPOT):
        fewer, many = (
            forecast(prod(), Scenario(replicas=r, buying=buying)).usd_per_hour
            for r in (replicas, grown)
        )
        assert fewer.expected <= many.expected + 1e-9


@settings(deadline=None)  # the first example reads the catalogue
@given(replicas=REPLICAS)
def test_every_replica_has_a_node_or_is_named_as_without_one(
    replicas: Mapping[str, float],
) -> None:
    bill = forecast(prod(), Scenario(replicas=replicas)).expected
    for pool in prod().pools:
        needed = sum(replicas[m.name] for m in prod().models if m.pool == pool.name)
        nodes = sum(
            row.quantity or 0
            for row in bill.lines
            if row.pool == pool.name and row.title.startswith(f"{pool.name} nodes")
        )
        assert nodes >= needed - bill.unplaced_nodes.get(pool.name, 0) - 1e-9
        assert nodes <= pool.max_nodes + 1e-9


def test_a_fleet_at_its_most_names_the_replicas_that_find_no_node() -> None:
    def crowded(keys: Keys) -> None:
        keys["models"]["again"] = {**keys["models"]["qwen3-4b"], "replicas": {"min": 1, "max": 5}}

    plan = plan_of("dev", crowded)
    bill = forecast(plan, Scenario(replicas=most_replicas(plan))).expected
    assert bill.unplaced_nodes == {"graviton4": pytest.approx(3)}


def test_a_stack_with_one_replica_on_demand_costs_what_the_price_list_says() -> None:
    def small(keys: Keys) -> None:
        keys.pop("edge", None)
        keys["network"] = {"zones": ["us-east-1a", "us-east-1b"], "natGateways": "single"}
        keys["cluster"]["systemNodes"] = {"instanceType": "m8g.large", "count": 1}
        keys["pools"]["graviton4"]["tiers"] = {"on-demand": {"max": 3}}

    # Control plane 73.00, one NAT gateway 32.85 and its address 3.65, key 1.00, one m8g.large at
    # 0.08976 = 65.5248 with 40 GiB of gp3 at 3.20; Qwen3-4B, 8,044,982,080 bytes of S3 at 0.023;
    # one c8gd.4xlarge at 0.78384 = 572.2032 with the same volume.
    s3 = 8_044_936_192 / 2**30 * 0.023
    expected = 73 + 32.85 + 3.65 + 1 + 65.5248 + 3.2 + s3 + 572.2032 + 3.2
    month = forecast_of(plan_of("dev", small)).usd_per_month
    assert (month.low, month.expected, month.high) == (pytest.approx(expected),) * 3


def test_replicas_that_no_spot_is_found_for_run_on_demand() -> None:
    plan = plan_of("dev")
    scenario = Scenario(replicas={"qwen3-4b": 2}, buying=HALF_SPOT)
    bill = forecast(plan, scenario).expected
    spot, demand = (line_of(bill, f"graviton4 nodes on {how}") for how in ("spot", "demand"))
    assert (spot.quantity, demand.quantity) == (1, 1)
    assert demand.usd_per_unit == 0.78384
    assert spot.usd_per_unit
    assert demand.usd_per_hour_by_cause == {
        "nodes": pytest.approx(spot.usd_per_unit),
        "fallback": pytest.approx(0.78384 - spot.usd_per_unit),
    }
    assert spot.usd_per_hour_by_cause == {"nodes": pytest.approx(spot.usd_per_unit)}


def test_an_on_demand_base_is_a_spot_premium_and_idle_when_no_replica_needs_it() -> None:
    base = with_tiers("graviton4", {"spot": {"max": 3}, "on-demand": {"min": 1, "max": 2}})
    plan = plan_of("dev", base)
    busy, empty = bill_of(plan, **{"qwen3-4b": 1}), bill_of(plan, **{"qwen3-4b": 0})
    premium = line_of(busy, "graviton4 nodes on demand").usd_per_hour_by_cause
    assert set(premium) == {"nodes", "spot premium"}
    assert sum(premium.values()) == pytest.approx(0.78384)
    assert line_of(empty, "graviton4 nodes on demand").usd_per_hour_by_cause == {"idle": 0.78384}
    assert busy.usd_per_hour == pytest.approx(empty.usd_per_hour)


def test_a_spare_replica_is_a_spot_premium() -> None:
    plan = plan_of("dev", with_tiers("graviton4", {"spot": {"max": 9}}))
    run = Scenario(replicas={"qwen3-4b": 4}, spares={"qwen3-4b": 1})
    causes = line_of(forecast(plan, run).expected, "graviton4 nodes").usd_per_hour_by_cause
    assert causes["nodes"] == pytest.approx(3 * causes["spot premium"])


def test_a_reservation_is_paid_whether_used_or_not() -> None:
    tiers = {"reserved": {"max": 4, "reservation": RESERVATION}, "on-demand": {"max": 2}}
    plan = plan_of("dev", with_tiers("graviton4", tiers))
    row = line_of(bill_of(plan, **{"qwen3-4b": 1}), "graviton4 nodes in a capacity reservation")
    assert row.quantity == 4
    assert row.usd_per_hour_by_cause == {
        "nodes": pytest.approx(0.78384),
        "idle": pytest.approx(3 * 0.78384),
    }
    # Volumes come with instances, all of which are launched.
    assert line_of(bill_of(plan, **{"qwen3-4b": 1}), "graviton4 reserved volumes").quantity == 4


def test_a_capacity_block_has_no_list_price_until_somebody_gives_one() -> None:
    block = {**RESERVATION, "capacityBlock": True}
    tiers = {"reserved": {"max": 1, "reservation": block}, "on-demand": {"max": 3}}
    plan = plan_of("prod", with_tiers("h100", tiers))
    bill = bill_of(plan)
    row = line_of(bill, "h100 nodes in a capacity block")
    assert bill.gaps == [row]
    assert row.usd_per_hour is None
    assert "capacity block of p5.4xlarge" in row.source
    assert row.on_demand_type is None
    given_price = Buying(capacity_block_usd_per_hour={"p5.4xlarge": 4.5})
    scenario = Scenario(replicas=least_replicas(plan), buying=given_price)
    priced = forecast(plan, scenario).expected
    assert not priced.gaps
    assert priced.usd_per_hour == pytest.approx(bill.usd_per_hour + 4.5)


def test_a_region_without_a_price_for_load_balancers_leaves_a_gap() -> None:
    def in_spain(keys: Keys) -> None:
        keys["region"], keys["edge"] = "eu-south-2", EDGE
        keys["network"]["zones"] = ["eu-south-2a", "eu-south-2b"]

    plan = plan_of("dev", in_spain)
    row = line_of(bill_of(plan), "Network Load Balancer")
    assert row.usd_per_unit is None
    assert row.quantity == 1
    assert "eu-south-2" in row.source
    assert row.price_names == ["networkLoadBalancer"]
    without = replace(plan, edge=replace(plan.edge, exposure="cluster"))
    assert bill_of(plan).usd_per_hour == bill_of(without).usd_per_hour


def test_prices_that_the_stack_file_gives_fill_the_gaps() -> None:
    def in_spain(keys: Keys) -> None:
        keys["region"] = "eu-south-2"
        keys["network"]["zones"] = ["eu-south-2a", "eu-south-2b"]
        gaps = bill_of(plan_of("dev", lambda k: k.update(keys))).gaps
        assert gaps
        row = {"usd": 2.0, "source": "an offer", "date": "2026-11-01"}
        prices = {name: row for gap in gaps for name in gap.price_names}
        for kind in keys["pools"]["graviton4"]["instanceTypes"]:
            prices[kind] = row | {"spotUsd": 1.0}
        keys["cost"]["prices"] = prices

    plan = plan_of("dev", in_spain)
    assert bill_of(plan).gaps == []
    assert line_of(bill_of(plan), "NAT gateway").usd_per_hour == 2
    model = stack_cost(plan, WhatIf(), curves=False).models[0]
    assert model.at_load


def month(bill: Bill, title: str) -> float | None:
    """A month of one line."""
    return line_of(bill, title).usd_per_month


def test_one_load_balancer_serves_every_model_and_a_public_one_has_an_address_a_zone() -> None:
    def as_public(keys: Keys) -> None:
        keys["edge"] |= {"exposure": "public"}

    inside, outside = bill_of(plan_of("prod")), bill_of(plan_of("prod", as_public))
    for bill in (inside, outside):
        assert month(bill, "Network Load Balancer") == pytest.approx(0.0225 * 730)
    addresses = [line_of(bill, "public IPv4 address").quantity for bill in (inside, outside)]
    assert addresses == [3, 6]


def test_more_nat_gateways_are_never_cheaper() -> None:
    single, per_zone = (
        plan_of("prod", lambda keys, n=number: keys["network"].update(natGateways=n))
        for number in ("single", "onePerZone")
    )
    zones = len(single.network.private_subnets)
    assert zones > 1
    # A gateway and its address: 0.045 + 0.005 an hour.
    dearer = bill_of(per_zone).usd_per_hour - bill_of(single).usd_per_hour
    assert dearer == pytest.approx((zones - 1) * 0.05)


def test_an_interface_endpoint_is_billed_in_every_zone() -> None:
    endpoints = ["ecr.api", "ecr.dkr", "sts"]
    plan = plan_of("prod", lambda keys: keys["network"].update(interfaceEndpoints=endpoints))
    row = line_of(bill_of(plan), "VPC interface endpoint, one zone")
    assert row.quantity == 3 * len(plan.network.private_subnets)
    none = plan_of("prod", lambda keys: keys["network"].pop("interfaceEndpoints", None))
    cheaper = bill_of(plan).usd_per_hour - bill_of(none).usd_per_hour
    assert cheaper == pytest.approx(row.usd_per_hour)


def test_a_revision_that_two_models_serve_is_stored_once() -> None:
    def twice(keys: Keys) -> None:
        keys["models"]["again"] = keys["models"]["qwen3-4b"]

    once, both = (line_of(bill_of(p), "S3") for p in (plan_of("dev"), plan_of("dev", twice)))
    assert once.quantity == both.quantity == pytest.approx(8_044_936_192 / 2**30)


def test_compiled_artifacts_are_stored_beside_the_weights() -> None:
    weights = {m.name: m.weights_gb * 1e9 / 2**30 for m in prod().models}
    expected = sum(weights.values()) + weights["qwen25-7b"]
    assert line_of(bill_of(prod()), "S3").quantity == pytest.approx(expected)


def test_what_is_billed_by_use_has_a_price_and_no_quantity_until_given(plan: Plan) -> None:
    bill = bill_of(plan)
    assert bill.by_use
    assert all(row.quantity is None and row.usd_per_hour is None for row in bill.by_use)
    assert line_of(bill, "NAT gateway, data").usd_per_unit == 0.045
    used = Usage(nat_gb=10, endpoint_gb=1, logs_gb=0.1, load_balancer_units=1)
    known = forecast(plan, Scenario(replicas=least_replicas(plan), usage=used)).expected
    assert not known.by_use
    assert {row.title for row in known.lines} >= {row.title for row in bill.by_use}
    assert line_of(known, "NAT gateway, data").usd_per_hour == pytest.approx(0.45)
    # 0.1 GB an hour kept for as many days as the stack says.
    kept = 0.1 * 24 * plan.network.log_retention_days
    assert line_of(known, "CloudWatch Logs, stored").quantity == pytest.approx(kept)


def test_nothing_written_down_costs_no_logs() -> None:
    def quiet(keys: Keys) -> None:
        keys["observability"] = {"controlPlaneLogs": []}
        keys["network"]["flowLogs"] = False

    titles = {row.title for row in bill_of(plan_of("dev", quiet)).by_use}
    assert not {title for title in titles if "Logs" in title}
