"""The short forecast of previews and bills: the same every time, quick, and what the bill pays."""

import dataclasses

import pytest

from tests.own_stacks import STACKS, own_stack
from tokenfleet.capacity import expected as module
from tokenfleet.capacity.expected import DAYS, SEED, expected, spot_shares
from tokenfleet.capacity.forecast import OURS, Forecaster
from tokenfleet.capacity.question import questions
from tokenfleet.plan.decide import plan_of
from tokenfleet.plan.stack import Plan


def plan(stack: str) -> Plan:
    return plan_of(own_stack(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_as_many_nodes_at_the_share_of_spot_cost_what_was_replayed(stack: str) -> None:
    found = expected(plan(stack))
    assert found
    for each in found:
        price, share = each.question.spot_price, each.spot_share
        for of_share, of_cost in [
            (share.low, each.cost.high),
            (share.expected, each.cost.expected),
            (share.high, each.cost.low),
        ]:
            assert of_share * price + (1 - of_share) == pytest.approx(of_cost)


def test_it_is_the_forecast_of_the_command_on_fewer_days() -> None:
    (asked,) = questions(plan("dev"))
    (short,) = expected(plan("dev"))
    ours, *_ = Forecaster((), days=DAYS, seed=SEED).of(asked, lambda: None).policies
    assert ours.policy == OURS
    assert (short.availability, short.cost) == (ours.availability, ours.cost)


def test_a_question_is_replayed_once_however_often_a_bill_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack = plan("prod")
    before = expected(stack)

    def refused(*_: object) -> None:
        pytest.fail("it was replayed again")

    monkeypatch.setattr(module, "replay", refused)
    assert expected(stack) == before


def test_a_pool_takes_the_mean_of_its_models_by_replicas() -> None:
    (one,) = expected(plan("dev"))
    stack = plan("dev")
    (model,) = stack.models
    drain = dataclasses.replace(model.drain, propagation_seconds=0, shutdown_timeout_seconds=0)
    other = dataclasses.replace(model, name="other", min_replicas=3, drain=drain)
    both = dataclasses.replace(stack, models=[model, other])
    first, second = (each.spot_share.expected for each in expected(both))
    assert first == one.spot_share.expected
    assert second > first
    assert spot_shares(both)[model.pool].expected == pytest.approx((first + 3 * second) / 4)
