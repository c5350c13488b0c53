"""A looser promise that is offered is the next one, and saves what is said."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.edits import put
from tokenfleet.economics.served_fleet import WhatIf, served_fleet
from tokenfleet.plan.serving.limits.looser import LooserObjective, readable
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
Replicas = Callable[[dict[str, int]], tuple[LooserObjective | None, int]]
MODEL = "gpt-oss-120b"
TRAFFIC = {"requestsPerSecond": 30, "inputTokens": 2000, "outputTokens": 400}
# Between two steps of 256 tokens, whatever else they take: prompts hold up those that run.
BRISK = {"ttftP99Ms": 3000, "itlP99Ms": 30}
LAX = {"ttftP99Ms": 60_000, "itlP99Ms": 60_000}


@pytest.fixture
def wanted(keys_of: Callable[[str], Keys], plan_of: Callable[[Keys], Plan]) -> Replicas:
    """What is offered to a model on H100s with that objective, and the replicas it takes by cost's count."""

    def count(objective: dict[str, int]) -> tuple[LooserObjective | None, int]:
        keys = copy.deepcopy(keys_of("prod"))
        for path, value in {
            f"models.{MODEL}.traffic": TRAFFIC,
            f"models.{MODEL}.objective": objective,
            f"models.{MODEL}.replicas": {"min": 1, "max": 60},
            "pools.h100.tiers": {"on-demand": {"max": 60}},
        }.items():
            put(path, value)(keys)
        plan = plan_of(keys)
        model = next(each for each in plan.models if each.name == MODEL)
        return model.looser, _replicas(plan, model)

    return count


def _replicas(plan: Plan, model: ModelPlan) -> int:
    fleet = served_fleet(plan, model, WhatIf())
    assert model.traffic
    load = model.traffic.requests_per_second
    return max(fleet.needed(load), fleet.followed(load))


def test_what_is_offered_takes_as_many_replicas_as_it_says(wanted: Replicas) -> None:
    looser, now = wanted(BRISK)
    assert looser
    assert looser.replicas == now > looser.replicas_then
    assert looser.promised == BRISK[looser.key] < looser.milliseconds
    assert wanted({**BRISK, looser.key: looser.milliseconds})[1] == looser.replicas_then


def test_a_smaller_step_of_the_same_promise_would_save_nothing(wanted: Replicas) -> None:
    looser, now = wanted(BRISK)
    assert looser
    times = [
        each
        for each in (1.25, 1.5, 2.0, 3.0, 5.0)
        if readable(each * looser.promised) < looser.milliseconds
    ]
    for each in times:
        tried = {**BRISK, looser.key: readable(each * looser.promised)}
        assert wanted(tried)[1] == now


def test_a_promise_that_takes_no_more_than_the_load_has_nothing_to_offer(wanted: Replicas) -> None:
    assert wanted(LAX)[0] is None


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [
        (75, 80),
        (60, 60),
        (125, 150),
        (120, 120),
        (1.25, 2),
        (2500, 2500),
        (12_500, 15_000),
        (999, 1000),
    ],
)
def test_a_looser_promise_is_one_that_somebody_would_write(
    milliseconds: float, written: int
) -> None:
    assert readable(milliseconds) == written
