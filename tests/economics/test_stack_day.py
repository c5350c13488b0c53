"""A stack over a day: it charges its bill, follows the load, and pays for starting and stopping."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.economics.stacks import Keys, plan_of, stacks, what_ifs
from tokenfleet.economics.bill.fleet import HOURS, SCALE_DOWN_SECONDS, day_shape, fleet_day
from tokenfleet.economics.fleet_bills import FleetBills
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import stack_cost
from tokenfleet.economics.stack_day import ModelDay, stack_day
from tokenfleet.estimate.refusal import CostError
from tokenfleet.plan.stack import Plan

DAYS = st.lists(st.floats(0, 5), min_size=HOURS, max_size=HOURS).filter(lambda day: max(day) > 0.01)
OFFICE = [0.2] * 8 + [1.3] * 12 + [1.2, 0.8, 0.5, 0.3]


def _paid(model: ModelDay) -> float:
    """Prices times tokens; where there is no traffic, what the model pays for nothing."""
    if model.prices is None or model.flow is None:
        return model.usd_per_hour
    return (
        model.prices.leading * model.flow.output
        + model.prices.uncached_input * model.flow.uncached_input
        + model.prices.cached_input * model.flow.cached_input
    ) / 1e6


@settings(max_examples=50, deadline=None)
@given(plan=stacks(), what_if=what_ifs, loads=DAYS)
def test_prices_times_tokens_of_a_day_are_its_whole_bill(
    plan: Plan, what_if: WhatIf, loads: list[float]
) -> None:
    day = stack_day(plan, what_if, loads)
    bill = day.usd_per_month.expected / 730
    assert math.fsum(map(_paid, day.models)) == pytest.approx(bill, rel=1e-9)
    for model, planned in zip(day.models, plan.models, strict=True):
        for hour in model.fleet.hours:
            assert (
                planned.min_replicas
                <= hour.replicas
                <= FleetBills(plan, what_if).most_replicas_of(planned)
            )
            assert hour.served_requests_per_second <= hour.requests_per_second * (1 + 1e-12)
        if model.range_of_price:
            assert model.range_of_price.p10 <= 1 <= model.range_of_price.p90


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_day_without_a_peak_costs_what_its_hour_does(stack: str) -> None:
    plan = plan_of(stack)
    day, hour = stack_day(plan, WhatIf(), [7.0] * HOURS), stack_cost(plan, WhatIf(), curves=False)
    assert vars(day.usd_per_month) == pytest.approx(vars(hour.bill.usd_per_month))
    for found, expected in zip(day.models, hour.models, strict=True):
        assert found.fleet.hours[0].replicas == expected.replicas
        assert (found.prices is None) == (expected.at_load is None)
        if found.prices and found.range_of_price and expected.at_load:
            assert vars(found.prices) == pytest.approx(vars(expected.at_load.prices))
            # All models are slow together here, and share what is shared a little otherwise.
            spread = expected.at_load.range_of_price
            assert vars(found.range_of_price) == pytest.approx(vars(spread), rel=0.02)


def test_a_fleet_that_follows_the_load_is_cheaper_than_one_for_the_peak() -> None:
    def busy(keys: Keys) -> None:
        keys["models"]["qwen3-8b"]["traffic"]["requestsPerSecond"] = 1.0

    def always(keys: Keys) -> None:
        busy(keys)
        keys["models"]["qwen3-8b"]["replicas"] = {"min": 8, "max": 8}

    follows, fixed = (stack_day(plan_of("prod", edit), WhatIf(), OFFICE) for edit in (busy, always))
    assert follows.usd_per_month.expected < fixed.usd_per_month.expected
    counts = {hour.replicas for hour in follows.models[0].fleet.hours}
    assert min(counts) < max(counts)


@pytest.mark.parametrize("cold", [0, 480])
def test_a_replica_that_starts_is_paid_at_once_and_serves_a_cold_start_later(cold: float) -> None:
    day = fleet_day(
        1.0,
        [1.0] * 12 + [2.0] * 12,
        [1] * 12 + [2] * 12,
        cold_start_seconds=cold,
        down_window_seconds=300,
    )
    assert day.hours[12].paid_replicas == 2
    assert day.hours[12].served_requests_per_second == pytest.approx(2 - cold / 3600)
    assert day.unserved_share == pytest.approx(cold / 3600 / 36)


@pytest.mark.parametrize("window", [0, 300])
def test_a_replica_that_is_no_longer_needed_is_paid_until_its_node_goes(window: int) -> None:
    day = fleet_day(
        1.0,
        [1.0] * 12 + [2.0] * 12,
        [1] * 12 + [2] * 12,
        cold_start_seconds=0,
        down_window_seconds=window,
    )
    assert day.hours[0].replicas == 1
    assert day.hours[0].paid_replicas == pytest.approx(1 + (window + SCALE_DOWN_SECONDS) / 3600)
    assert day.hours[1].paid_replicas == 1


@pytest.mark.parametrize(
    "loads", [[], [1.0] * 23, [-1.0] * 24, [0.0] * 24, [math.inf] * 24, [math.nan] * 24]
)
def test_a_day_that_is_not_24_loads_is_refused(loads: Sequence[float]) -> None:
    with pytest.raises(CostError, match="day shape: give 24 numbers"):
        day_shape(loads)


@given(loads=DAYS)
def test_the_load_of_the_stack_is_the_mean_of_its_day(loads: list[float]) -> None:
    assert math.fsum(day_shape(loads)) / HOURS == pytest.approx(1)
