"""Prices of whole fleets: they conserve the bill, move the right way and say when a queue grows."""

import dataclasses
import datetime as dt
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.estimate.servers import saturations
from tokenfleet.economics.price.causes import BillParts, Causes, bill_by_cause, price_by_cause
from tokenfleet.economics.price.hosted import HostedPrice, break_even, compare_hosted
from tokenfleet.economics.price.quote import (
    SPOT_FORECAST,
    Quote,
    quote_at_load,
    quote_at_saturation,
)
from tokenfleet.economics.price.sizing import sizing
from tokenfleet.economics.price.tokens import token_flow
from tokenfleet.estimate.load.replicas import replicas_for
from tokenfleet.estimate.load.served import QUEUE_GROWS_ABOVE
from tokenfleet.estimate.quantiles import Quantiles, combined, known, log_normal
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.estimate.traffic import RequestShape

USD = st.floats(0, 1e4)
PARTS = st.builds(
    BillParts, nodes=st.floats(1e-3, 1e4), spot_premium=USD, fallback=USD, overhead=USD
)
LOADS = st.floats(1e-3, 3)


def rate_at(most: Saturation, load: float, replicas: int) -> float:
    """Requests a second that are such a share of what the fleet serves."""
    return load * replicas * most.theta.p50 / most.shape.output_tokens


def billed(quote: Quote) -> float:
    """What the tokens of an hour come to at their prices."""
    return (
        quote.prices.leading * quote.flow.output
        + quote.prices.uncached_input * quote.flow.uncached_input
        + quote.prices.cached_input * quote.flow.cached_input
    ) / 1e6


@settings(max_examples=1000)
@given(most=saturations(), parts=PARTS, load=LOADS, replicas=st.integers(1, 500))
def test_a_thousand_stacks_charge_exactly_their_bill(
    most: Saturation, parts: BillParts, load: float, replicas: int
) -> None:
    bill = parts.usd_per_hour
    rate = rate_at(most, load, replicas)
    for quote in (
        quote_at_load(most, known(bill), replicas=replicas, requests_per_second=rate),
        quote_at_saturation(most, known(bill), replicas=replicas),
    ):
        assert math.isclose(billed(quote), bill, rel_tol=1e-9)
        assert math.isclose(bill_by_cause(parts, quote.load.p50).total, bill, rel_tol=1e-9)
        causes = price_by_cause(quote.prices, parts, quote.load.p50)
        assert math.isclose(causes.total, quote.prices.leading, rel_tol=1e-9)


@given(most=saturations(), load=LOADS, more=st.floats(1, 10), replicas=st.integers(1, 50))
def test_more_load_is_never_dearer_per_token(
    most: Saturation, load: float, more: float, replicas: int
) -> None:
    now, then = (
        quote_at_load(
            most, known(10), replicas=replicas, requests_per_second=rate_at(most, share, replicas)
        )
        for share in (load, load * more)
    )
    assert then.prices.leading <= now.prices.leading * (1 + 1e-9)
    assert then.idle_share <= now.idle_share


@given(most=saturations(), load=LOADS, dearer=st.floats(1, 100))
def test_a_dearer_bill_is_never_cheaper_per_token(
    most: Saturation, load: float, dearer: float
) -> None:
    rate = rate_at(most, load, 2)
    before = quote_at_load(most, known(10), replicas=2, requests_per_second=rate)
    after = quote_at_load(most, known(10 * dearer), replicas=2, requests_per_second=rate)
    assert after.prices.leading >= before.prices.leading
    assert after.prices.blended >= before.prices.blended


def test_half_the_load_costs_twice_as_much_a_token(most: Saturation) -> None:
    flat_out = quote_at_saturation(most, known(6.88), replicas=1)
    half = quote_at_load(most, known(6.88), replicas=1, requests_per_second=rate_at(most, 0.5, 1))
    assert half.prices.leading == pytest.approx(2 * flat_out.prices.leading)
    assert half.idle_share == pytest.approx(0.5)
    assert flat_out.idle_share == 0


def test_when_idle_only_the_bill_is_uncertain_and_when_saturated_theta_is_too(
    most: Saturation,
) -> None:
    usd = SPOT_FORECAST * 10
    idle = quote_at_load(most, usd, replicas=1, requests_per_second=rate_at(most, 0.1, 1))
    full = quote_at_saturation(most, usd, replicas=1)
    assert idle.range_of_price.width == pytest.approx(SPOT_FORECAST.width)
    wider = combined([SPOT_FORECAST, log_normal(1, most.spread.theta)]).width
    assert full.range_of_price.width == pytest.approx(wider)


def test_near_saturation_a_slow_server_makes_tokens_dearer_and_a_fast_one_not_cheaper(
    most: Saturation,
) -> None:
    near = quote_at_load(most, known(10), replicas=1, requests_per_second=rate_at(most, 0.95, 1))
    assert near.range_of_price.p10 == pytest.approx(1)
    assert near.range_of_price.p90 == pytest.approx(0.95 * most.theta.p50 / most.theta.p10)


def test_what_is_asked_beyond_saturation_does_not_make_tokens_cheaper(most: Saturation) -> None:
    flat_out = quote_at_saturation(most, known(5), replicas=3)
    beyond = quote_at_load(most, known(5), replicas=3, requests_per_second=rate_at(most, 9, 3))
    assert beyond.prices.leading == pytest.approx(flat_out.prices.leading)
    assert beyond.sizing.queue_grows
    assert beyond.sizing.missing == math.ceil(9 * 3 / QUEUE_GROWS_ABOVE) - 3


@given(most=saturations(), load=st.floats(1e-3, 100), replicas=st.integers(1, 100))
def test_what_is_said_to_be_needed_is_enough_and_one_less_is_not(
    most: Saturation, load: float, replicas: int
) -> None:
    rate = rate_at(most, load, replicas)
    found = sizing(most, rate, replicas)
    asked = rate * most.shape.output_tokens
    assert asked <= QUEUE_GROWS_ABOVE * most.theta.p50 * found.needed * (1 + 1e-6)
    if found.needed > 1:
        assert asked > QUEUE_GROWS_ABOVE * most.theta.p50 * (found.needed - 1) * (1 - 1e-6)
    assert found.needed_if_fast <= found.needed <= found.needed_if_slow
    assert found.queue_grows == (found.needed > replicas)
    assert found.missing == max(0, found.needed - replicas)


@pytest.mark.parametrize("part", ["nodes", "spot_premium", "fallback", "overhead"])
@pytest.mark.parametrize("usd", [-1, math.nan])
def test_a_negative_part_of_a_bill_is_refused_by_name(part: str, usd: float) -> None:
    with pytest.raises(CostError) as refused:
        BillParts(**{"nodes": 1.0, part: usd})
    assert refused.value.place == part


def test_idle_nodes_are_a_cause_of_their_own() -> None:
    parts = BillParts(nodes=8, spot_premium=1, fallback=0.5, overhead=0.5)
    assert bill_by_cause(parts, 0.25) == Causes(
        work=2, idle=6, spot_premium=1, fallback=0.5, overhead=0.5
    )
    assert bill_by_cause(parts, 7).idle == 0


HOSTED = HostedPrice(
    name="somebody",
    output=0.8,
    input=0.2,
    cached_input=None,
    source="a price list",
    date=dt.date(2026, 11, 1),
)


def test_at_the_break_even_load_both_cost_the_same(most: Saturation) -> None:
    load = break_even(6.88, HOSTED, most, replicas=2)
    assert load
    own = quote_at_load(most, known(6.88), replicas=2, requests_per_second=load)
    found = compare_hosted(own, HOSTED, most, replicas=2)
    assert found.ratio == pytest.approx(1)
    assert found.cheaper == "either"
    assert found.hosted_usd_per_hour == pytest.approx(6.88)


def test_a_load_the_fleet_cannot_carry_is_no_break_even(most: Saturation) -> None:
    assert break_even(1e6, HOSTED, most, replicas=1) is None


@pytest.mark.parametrize(("factor", "cheaper"), [(2.0, "own"), (1.2, "either"), (0.5, "hosted")])
def test_the_sizing_needs_one_and_a_half_times(
    factor: float, cheaper: str, most: Saturation
) -> None:
    load = break_even(6.88, HOSTED, most, replicas=2)
    assert load
    own = quote_at_load(most, known(6.88), replicas=2, requests_per_second=load * factor)
    assert compare_hosted(own, HOSTED, most, replicas=2).cheaper == cheaper


def test_a_cached_token_costs_what_a_provider_says_or_what_a_miss_costs() -> None:
    flow = token_flow(1, shape_with_hits())
    dear = HOSTED.usd(flow)
    cheap = dataclasses.replace(HOSTED, cached_input=0.0).usd(flow)
    assert dear - cheap == pytest.approx(0.2 * flow.cached_input / 1e6)


def shape_with_hits() -> RequestShape:
    """Half of a prompt is a hit."""
    return RequestShape(input_tokens=1000, output_tokens=100, cached_share=0.5)


@given(theta=st.floats(1, 1e6), output=st.floats(0, 1e8), spare=st.integers(0, 5))
def test_there_is_always_at_least_one_replica_and_the_spare(
    theta: float, output: float, spare: int
) -> None:
    assert replicas_for(theta, output, spare) >= 1 + spare


@given(
    figures=st.lists(
        st.builds(log_normal, st.floats(0.1, 10), st.floats(0, 1)), min_size=1, max_size=4
    )
)
def test_a_product_is_at_least_as_uncertain_as_its_widest_factor(
    figures: list[Quantiles],
) -> None:
    product = combined(figures)
    assert product.p50 == pytest.approx(math.prod(figure.p50 for figure in figures))
    assert product.width >= max(figure.width for figure in figures) * (1 - 1e-9)
