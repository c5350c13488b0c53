"""What a looser promise saves is the difference of two bills, and said in one line."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from tests.economics.stacks import plan_of
from tokenfleet.counted import count, three_digits
from tokenfleet.economics.judgement.savings import Saving
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import StackCost, stack_cost
from tokenfleet.views.story import saving_line

Keys = dict[str, Any]
MODEL = "gpt-oss-120b"
BRISK = {"ttftP99Ms": 3000, "itlP99Ms": 30}


def _priced(objective: dict[str, int], least: int = 1, *, spare: int = 0) -> StackCost:
    def edit(keys: Keys) -> None:
        keys["models"] = {MODEL: keys["models"][MODEL]}
        keys["pools"] = {"h100": keys["pools"]["h100"]}
        keys["pools"]["h100"]["tiers"] = {"on-demand": {"max": 60}}
        keys["models"][MODEL].update(
            objective=objective,
            replicas={"min": least, "max": 60},
            traffic={"requestsPerSecond": 30, "inputTokens": 2000, "outputTokens": 400},
        )

    return stack_cost(plan_of("prod", edit), WhatIf(spare=spare), curves=False)


@pytest.fixture(scope="module")
def saving() -> Saving:
    """That of a promise which takes more replicas than the load."""
    (found,) = _priced(BRISK).savings
    return found


def test_the_money_is_that_of_the_bill_with_the_looser_promise(saving: Saving) -> None:
    (model,) = _priced(BRISK).models
    wanted = model.replicas + model.missing
    now = _priced(BRISK, wanted)
    then = _priced({**BRISK, saving.key: saving.milliseconds})
    (fewer,) = then.models
    assert wanted - fewer.replicas - fewer.missing == saving.fewer > 0
    least = _priced({**BRISK, saving.key: saving.milliseconds}, wanted - saving.fewer)
    difference = now.bill.usd_per_month.expected - least.bill.usd_per_month.expected
    assert saving.usd_per_month == pytest.approx(difference)


def test_replicas_min_is_named_where_it_stands_in_the_way(saving: Saving) -> None:
    (model,) = _priced(BRISK).models
    wanted = model.replicas + model.missing
    (found,) = _priced(BRISK, wanted).savings
    assert (found.fewer, found.min_replicas) == (saving.fewer, wanted - saving.fewer)
    assert saving.min_replicas is None


@pytest.mark.parametrize(
    "priced",
    [
        lambda: _priced({"ttftP99Ms": 60_000, "itlP99Ms": 60_000}),
        lambda: _priced(BRISK, 50),
    ],
    ids=["the load takes as many", "replicas.min takes more"],
)
def test_nothing_is_offered_that_would_save_nothing(priced: Callable[[], StackCost]) -> None:
    assert priced().savings == []


def test_a_spare_stays(saving: Saving) -> None:
    (found,) = _priced(BRISK, spare=1).savings
    assert found.fewer == saving.fewer


@pytest.mark.parametrize("least", [None, 2])
def test_it_is_said_in_one_line(saving: Saving, least: int | None) -> None:
    found = dataclasses.replace(saving, min_replicas=least)
    lowered = ", with replicas.min 2" if least else ""
    assert saving_line(found) == (
        f"models.gpt-oss-120b.objective: {saving.key} {saving.milliseconds:,} instead of"
        f" {saving.promised:,}: {count(saving.fewer, 'replica')} fewer{lowered},"
        f" about ${three_digits(saving.usd_per_month)} a month."
    )
