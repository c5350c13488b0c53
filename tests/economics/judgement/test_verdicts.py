"""What is said of a fleet that cannot do what its stack file declares, and that the way out is one."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.economics.stacks import plan_of, with_tiers
from tokenfleet.economics.bill.scenario import Buying
from tokenfleet.economics.judgement.verdict import Judged, Verdict, failing
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import stack_cost
from tokenfleet.estimate.refusal import CostError

Keys = dict[str, Any]
Edit = Callable[[Keys], object]
Found = tuple[Judged, bool, str]
SPOT_ONLY = {"spot": {"max": 3}}
ON_DEMAND = {"on-demand": {"max": 3}}
MODEL = "models.qwen3-4b"
TRAFFIC = f"{MODEL}.traffic.requestsPerSecond"


def model(**changes: object) -> Edit:
    """An edit of the dev stack's model, on a pool without spot and without a budget."""

    def edit(keys: Keys) -> None:
        keys["models"]["qwen3-4b"].update(changes)
        keys["pools"]["graviton4"]["tiers"] = dict(ON_DEMAND)
        del keys["cost"]["monthlyBudgetUsd"]

    return edit


def budget(usd: int) -> Edit:
    return lambda keys: keys["cost"].update(monthlyBudgetUsd=usd)


def both(*edits: Edit) -> Edit:
    return lambda keys: [edit(keys) for edit in edits]


def traffic(requests_per_second: float) -> Mapping[str, float]:
    return {"requestsPerSecond": requests_per_second, "inputTokens": 512, "outputTokens": 256}


def twice(least: int, most: int) -> Edit:
    def edit(keys: Keys) -> None:
        models = keys["models"]
        models["qwen3-4b"]["replicas"] = {"min": least, "max": most}
        models["again"] = dict(models["qwen3-4b"])

    return both(model(), edit)


BRISK = {"ttftP99Ms": 8_000, "itlP99Ms": 1_200}
FEW_AT_ONCE = {"ttftP99Ms": 6_000, "itlP99Ms": 800}
LONG = {"ttftP99Ms": 60_000, "itlP99Ms": 30_000}
# What is edited; what is said of it; the first way out, and the same edit with it taken.
ROWS: Mapping[str, tuple[Edit, set[Found], str, Edit]] = {
    "all is well": (model(), set(), "", model()),
    "above the budget": (
        budget(520),
        {("budget", True, "cost.monthlyBudgetUsd")},
        "set it to $540 for the declared load, or lower replicas.max or the load",
        budget(540),
    ),
    "above the budget at the most replicas": (
        budget(1200),
        {("budget", False, "cost.monthlyBudgetUsd")},
        "set it to $1,300 for the most replicas, or lower replicas.max or the load",
        budget(1300),
    ),
    "more load than the largest fleet serves": (
        model(traffic=traffic(2), objective=LONG),
        {("load", True, TRAFFIC)},
        "set models.qwen3-4b.replicas.max to 9 and the tiers of pools.graviton4 to 9 nodes together",
        both(
            model(traffic=traffic(2), objective=LONG, replicas={"min": 9, "max": 9}),
            with_tiers("graviton4", {"on-demand": {"max": 9}}),
        ),
    ),
    "a promise that no replica keeps": (
        model(objective={"ttftP99Ms": 100, "itlP99Ms": 1}),
        {("objective", True, f"{MODEL}.objective")},
        "set ttftP99Ms to 2,500 or more and itlP99Ms to 46 or more, or choose what keeps it: tokenfleet compare Qwen/Qwen3-4B-Instruct-2507",
        model(objective={"ttftP99Ms": 10_000, "itlP99Ms": 5_000}),
    ),
    "a promise that takes more replicas than the queue": (
        model(objective=BRISK),
        set(),
        "",
        model(objective=BRISK),
    ),
    "a promise that is kept to few at once, so that others are refused": (
        model(traffic=traffic(0.3), objective=FEW_AT_ONCE),
        {("load", False, TRAFFIC)},
        "set models.qwen3-4b.replicas.min to 5 and models.qwen3-4b.replicas.max to 5 and the tiers of pools.graviton4 to 5 nodes together",
        both(
            model(traffic=traffic(0.3), objective=FEW_AT_ONCE, replicas={"min": 5, "max": 5}),
            with_tiers("graviton4", {"on-demand": {"max": 5}}),
        ),
    ),
    "two models for the nodes of one": (
        twice(1, 3),
        {("nodes", False, "pools.graviton4")},
        "set replicas.max to 3 together, or the tiers of pools.graviton4 to 6 nodes together",
        both(twice(1, 3), with_tiers("graviton4", {"on-demand": {"max": 6}})),
    ),
    "fewest replicas without nodes": (
        twice(2, 3),
        {("nodes", True, "pools.graviton4")},
        "set replicas.min to 3 together, or the tiers of pools.graviton4 to 4 nodes together",
        both(twice(2, 3), with_tiers("graviton4", {"on-demand": {"max": 4}})),
    ),
    "no tier but spot": (
        both(model(), with_tiers("graviton4", SPOT_ONLY)),
        {("spot", False, "pools.graviton4.tiers.on-demand")},
        "add it to pools.graviton4.tiers with max: 1",
        both(model(), with_tiers("graviton4", SPOT_ONLY | {"on-demand": {"max": 1}})),
    ),
    "little room on demand": (
        both(
            model(replicas={"min": 3, "max": 3}),
            with_tiers("graviton4", SPOT_ONLY | {"on-demand": {"max": 1}}),
        ),
        {("spot", False, "pools.graviton4.tiers.on-demand.max")},
        "set it to 3",
        both(
            model(replicas={"min": 3, "max": 3}),
            with_tiers("graviton4", SPOT_ONLY | {"on-demand": {"max": 3}}),
        ),
    ),
}


def said_of(edit: Edit, what_if: WhatIf | None = None) -> list[Verdict]:
    return [*stack_cost(plan_of("dev", edit), what_if or WhatIf(), curves=False).verdicts]


def found(verdicts: list[Verdict]) -> set[Found]:
    return {(verdict.judged, verdict.fails, verdict.place) for verdict in verdicts}


@pytest.mark.parametrize(
    ("edit", "expected", "way_out"), [row[:3] for row in ROWS.values()], ids=list(ROWS)
)
def test_what_is_wrong_is_said_once_and_where(
    edit: Edit, expected: set[Found], way_out: str
) -> None:
    verdicts = said_of(edit)
    assert found(verdicts) == expected
    assert len(verdicts) == len(expected)
    assert [verdict.way_out for verdict in verdicts[:1]] == [way_out] * bool(way_out)


@pytest.mark.parametrize(
    ("expected", "mended"),
    [(expected, mended) for _, expected, _, mended in ROWS.values()],
    ids=list(ROWS),
)
def test_the_way_out_is_one(expected: set[Found], mended: Edit) -> None:
    assert not found(said_of(mended)) & expected


def test_what_is_not_cached_as_planned_takes_more_replicas_than_the_load_asks_for() -> None:
    cached = model(
        traffic={"requestsPerSecond": 0.3, "inputTokens": 2000, "outputTokens": 64}
        | {"cachedShare": 0.9},
        replicas={"min": 1, "max": 3},
    )
    assert not found(said_of(cached))
    (verdict,) = said_of(cached, WhatIf(cached_share=0.6))
    assert (verdict.judged, verdict.fails) == ("objective", True)
    assert verdict.way_out.startswith(f"set {MODEL}.replicas.min to ")


def test_what_fails_comes_first_and_warnings_count_when_somebody_is_strict() -> None:
    verdicts = said_of(both(budget(100), with_tiers("graviton4", SPOT_ONLY)))
    assert [verdict.fails for verdict in verdicts] == [True, False]
    assert failing(verdicts, strict=False)
    assert not failing(verdicts[1:], strict=False)
    assert failing(verdicts[1:], strict=True)


def test_spot_that_was_asked_for_and_has_no_room_is_named() -> None:
    edit = both(
        model(replicas={"min": 3, "max": 3}),
        with_tiers("graviton4", {"spot": {"max": 1}, "on-demand": {"max": 3}}),
    )
    (verdict,) = said_of(edit, WhatIf(buying=Buying(spot_share=0.9)))
    assert (verdict.judged, verdict.place) == ("spot", "pools.graviton4.tiers.spot.max")
    assert verdict.way_out == "set it to 3"


def test_without_spot_no_node_is_spot_and_a_fleet_of_spot_alone_is_refused() -> None:
    no_spot = WhatIf(buying=Buying(spot_share=0))
    cost = stack_cost(plan_of("prod"), no_spot, curves=False)
    for bill in (cost.bill, cost.floor, cost.ceiling):
        assert not [line for line in bill.expected.lines if "on spot" in line.title]
    with pytest.raises(CostError, match=r"pools\.graviton4 has no tier but spot"):
        said_of(with_tiers("graviton4", SPOT_ONLY), no_spot)


def test_a_spare_that_has_no_room_is_a_warning_where_the_promise_is_kept() -> None:
    (verdict,) = [
        verdict
        for verdict in said_of(model(replicas={"min": 1, "max": 1}), WhatIf(spare=1))
        if verdict.judged == "objective"
    ]
    assert not verdict.fails
    assert "spares" in verdict.problem
