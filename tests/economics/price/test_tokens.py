"""Prices of tokens: together they are the bill, to the last digit."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenfleet.economics.price.tokens import TokenFlow, TokenPrices, TokenWeights, token_prices
from tokenfleet.estimate.refusal import CostError

BILLS = st.floats(1e-3, 1e5)
FLOWS = st.builds(
    TokenFlow,
    output=st.floats(1, 1e12),
    uncached_input=st.floats(0, 1e12),
    cached_input=st.floats(0, 1e12),
)
WEIGHTS = st.builds(
    TokenWeights, uncached_input=st.floats(1e-4, 2), cached_input=st.floats(1e-5, 1)
)


def billed(prices: TokenPrices, flow: TokenFlow) -> float:
    """What the tokens of an hour come to."""
    return (
        prices.leading * flow.output
        + prices.uncached_input * flow.uncached_input
        + prices.cached_input * flow.cached_input
    ) / 1e6


@settings(max_examples=1000)
@given(bill=BILLS, flow=FLOWS, weights=WEIGHTS)
def test_price_times_tokens_is_the_bill(
    bill: float, flow: TokenFlow, weights: TokenWeights
) -> None:
    prices = token_prices(bill, flow, weights)
    assert math.isclose(billed(prices, flow), bill, rel_tol=1e-9)
    assert math.isclose(prices.blended * flow.total / 1e6, bill, rel_tol=1e-9)
    assert math.isclose((prices.all_on_output or 0) * flow.output / 1e6, bill, rel_tol=1e-9)


@given(bill=BILLS, dearer=st.floats(1, 100), flow=FLOWS, weights=WEIGHTS)
def test_a_dearer_bill_never_makes_a_token_cheaper(
    bill: float, dearer: float, flow: TokenFlow, weights: TokenWeights
) -> None:
    before = token_prices(bill, flow, weights)
    after = token_prices(bill * dearer, flow, weights)
    assert after.leading >= before.leading
    assert after.uncached_input >= before.uncached_input
    assert after.cached_input >= before.cached_input


def test_without_a_token_there_is_no_price_per_token() -> None:
    flow = TokenFlow(output=0, uncached_input=0, cached_input=0)
    with pytest.raises(CostError, match="no token"):
        token_prices(1, flow, TokenWeights())


def test_without_output_the_input_is_the_whole_bill() -> None:
    flow = TokenFlow(output=0, uncached_input=3e6, cached_input=1e6)
    prices = token_prices(2, flow, TokenWeights())
    assert (prices.output, prices.all_on_output) == (None, None)
    assert 3 * prices.uncached_input + prices.cached_input == pytest.approx(2)
    assert prices.blended == pytest.approx(0.5)
