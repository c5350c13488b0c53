"""A stack's bill divided over its models: nothing twice, nothing lost, more nodes pay more."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.economics.stacks import plan_of, stacks, what_ifs
from tokenfleet.economics.bill.scenario import Buying
from tokenfleet.economics.fleet_bills import FleetBills
from tokenfleet.economics.model_cost import ModelCost
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import StackCost, stack_cost
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]


def _paid(cost: ModelCost) -> float:
    """Prices times tokens; where there is no traffic, what the model pays for nothing."""
    quote = cost.at_load
    if quote is None:
        return cost.share.usd
    return (
        quote.prices.leading * quote.flow.output
        + quote.prices.uncached_input * quote.flow.uncached_input
        + quote.prices.cached_input * quote.flow.cached_input
    ) / 1e6


@settings(max_examples=250, deadline=None)
@given(plan=stacks(), ways=st.lists(what_ifs, min_size=4, max_size=4))
def test_prices_times_tokens_of_all_models_are_the_whole_bill(
    plan: Plan, ways: list[WhatIf]
) -> None:
    for what_if in ways:
        cost = stack_cost(plan, what_if, curves=False)
        bill = cost.bill.expected.usd_per_hour
        assert sum(map(_paid, cost.models)) == pytest.approx(bill, rel=1e-9)
        assert sum(model.causes.total for model in cost.models) == pytest.approx(bill, rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(plan=stacks(), wanted=st.lists(st.integers(0, 40), min_size=4, max_size=4))
def test_no_pool_runs_more_replicas_than_its_tiers_may_have_nodes(
    plan: Plan, wanted: list[int]
) -> None:
    names = [model.name for model in plan.models]
    bills = FleetBills(plan, WhatIf())
    found = bills.running(dict(zip(names, wanted, strict=True)))
    for pool in plan.pools:
        models = [model for model in plan.models if model.pool == pool.name]
        assert sum(found[model.name] for model in models) <= pool.max_nodes
        for model in models:
            assert model.min_replicas <= found[model.name] <= bills.most_replicas_of(model)


def _as_it_is(keys: Keys) -> None:
    del keys


def _cost(edit: Callable[[Keys], object] = _as_it_is, what_if: WhatIf | None = None) -> StackCost:
    return stack_cost(plan_of("prod", edit), what_if or WhatIf())


def _of(cost: StackCost, name: str) -> ModelCost:
    (found,) = (model for model in cost.models if model.name == name)
    return found


def test_what_is_shared_is_paid_in_proportion_to_own_nodes() -> None:
    cost = _cost()
    ratios = {round(model.share.shared_usd / model.share.pool_usd, 9) for model in cost.models}
    assert len(ratios) == 1


def test_without_traffic_there_is_a_curve_and_no_single_price() -> None:
    found = _of(_cost(), "qwen25-7b")
    assert (found.requests_per_second, found.at_load, found.served) == (None, None, None)
    assert found.curve
    assert found.flat_out is not None


def test_load_beyond_the_fleet_says_how_much_more_it_takes() -> None:
    def edit(keys: Keys) -> None:
        keys["models"]["gpt-oss-120b"]["traffic"]["requestsPerSecond"] = 200

    found = _of(_cost(edit), "gpt-oss-120b")
    assert found.queue_grows
    assert found.replicas == found.most_replicas
    theta, asked = found.most.theta.p50, 200 * found.most.shape.output_tokens
    assert found.replicas + found.missing >= asked / theta
    assert found.at_load is not None
    assert found.at_load.flow.output == pytest.approx(found.replicas * theta * 3600)


def test_below_saturation_more_load_on_the_same_replicas_is_never_dearer() -> None:
    for model in _cost().models:
        for now, then in zip(model.curve, model.curve[1:], strict=False):
            if now.replicas == then.replicas:
                assert then.usd_per_mtok.p50 <= now.usd_per_mtok.p50 * (1 + 1e-9)


def test_dearer_nodes_never_make_cheaper_tokens() -> None:
    dear, cheap = (
        _of(_cost(what_if=WhatIf(buying=Buying(spot_share=share))), "qwen3-8b")
        for share in (0.0, 1.0)
    )
    assert dear.at_load is not None
    assert cheap.at_load is not None
    assert dear.at_load.prices.leading > cheap.at_load.prices.leading
    assert dear.at_load.flow == cheap.at_load.flow


def test_a_spare_replica_is_paid_as_what_makes_spot_dependable() -> None:
    plain, spared = _of(_cost(), "qwen3-8b"), _of(_cost(what_if=WhatIf(spare=1)), "qwen3-8b")
    assert spared.replicas == plain.replicas + 1
    assert spared.causes.spot_premium > plain.causes.spot_premium
