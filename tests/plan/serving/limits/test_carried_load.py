"""What the autoscaler aims at is what keeps the promise, and why is said."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.economics.stacks import plan_of
from tokenfleet.plan.serving.model import ModelPlan

Keys = dict[str, Any]


def _model(**changes: object) -> ModelPlan:
    def edit(keys: Keys) -> None:
        keys["models"]["qwen3-4b"].update(changes)

    (model,) = plan_of("dev", edit).models
    return model


TRAFFIC = {"requestsPerSecond": 0.2, "inputTokens": 512, "outputTokens": 256}
# Objective of the dev stack's model; what is said of the target.
REASONS: Mapping[str, tuple[dict[str, int], str]] = {
    "the first token": (
        {"ttftP99Ms": 12_000, "itlP99Ms": 1500},
        " in flight keep ttftP99Ms 12,000 at the load a replica carries",
    ),
    "between tokens": (
        {"ttftP99Ms": 60_000, "itlP99Ms": 700},
        " in flight keep itlP99Ms 700 at the load a replica carries",
    ),
    "neither": (
        {"ttftP99Ms": 60_000, "itlP99Ms": 60_000},
        " in flight a replica's queue grows",
    ),
    "never kept": ({"ttftP99Ms": 100, "itlP99Ms": 60_000}, "a start takes "),
}


@pytest.mark.parametrize(("objective", "said"), REASONS.values(), ids=list(REASONS))
def test_what_limits_a_replica_is_said(objective: dict[str, int], said: str) -> None:
    assert said in _model(objective=objective, traffic=TRAFFIC).scaling.reason


def test_a_tighter_promise_is_a_lower_target() -> None:
    each = [
        _model(objective={"ttftP99Ms": ms, "itlP99Ms": 60_000}, traffic=TRAFFIC).scaling.each
        for ms in (30_000, 15_000, 10_000, 6000)
    ]
    assert each == sorted(each, reverse=True)
    assert each[0] > each[-1]


@pytest.mark.parametrize(
    "unknown",
    [
        lambda: plan_of("dev", lambda keys: keys["models"]["qwen3-4b"].pop("traffic")),
        lambda: plan_of(
            "dev",
            lambda keys: keys["models"]["qwen3-4b"].update(
                objective={"ttftP99Ms": 100, "itlP99Ms": 1}
            ),
        ),
    ],
    ids=["without traffic", "a promise that no replica keeps"],
)
def test_where_nothing_is_carried_the_slots_alone_decide(unknown: Callable[[], Any]) -> None:
    (model,) = unknown().models
    assert model.scaling.carries is None
    assert model.scaling.each == model.admission.slots
