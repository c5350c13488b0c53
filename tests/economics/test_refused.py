"""The share of a load that finds all replicas full, beside that load played request by request."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.economics.stacks import plan_of
from tokenfleet.economics.served_fleet import ServedFleet, WhatIf, served_fleet
from tokenfleet.elasticity.each import Each
from tokenfleet.elasticity.load import Days, drawn
from tokenfleet.elasticity.play import play
from tokenfleet.elasticity.rules import fixed
from tokenfleet.elasticity.scene import Coming, Different, Scene, scene
from tokenfleet.plan.stack import Plan

# Three at once on a replica keep it.
BRISK: Mapping[str, int] = {"ttftP99Ms": 6_000, "itlP99Ms": 800}
LENGTHS: Mapping[str, int] = {"inputTokens": 512, "outputTokens": 256}


def planned(requests_per_second: float) -> Plan:
    def edit(keys: dict[str, Any]) -> None:
        traffic = {"requestsPerSecond": requests_per_second, **LENGTHS}
        keys["models"]["qwen3-4b"].update(traffic=traffic, objective=dict(BRISK))

    return plan_of("dev", edit)


def both(requests_per_second: float) -> tuple[ServedFleet, Scene]:
    plan = planned(requests_per_second)
    (model,) = plan.models
    return served_fleet(plan, model, WhatIf()), scene(plan, model, Coming(), Different())


@pytest.mark.parametrize(
    ("requests_per_second", "replicas"),
    [(0.1, 1), (0.2, 2), (0.3, 3), (0.3, 4), (0.8, 6), (1.5, 4)],
)
def test_as_many_find_no_room_as_when_each_request_is_played(
    requests_per_second: float, replicas: int
) -> None:
    fleet, played = both(requests_per_second)
    days = Days(
        requests_per_second=requests_per_second,
        answer_seconds=played.replica.answer_seconds,
        shape=[1],
        cv=1,
        spikes=0,
        drift=0,
        days=4,
    )
    shed = play(drawn(days), fixed(replicas), played.replica, Each).shed
    assert fleet.refused(requests_per_second, replicas) == pytest.approx(shed, rel=0.15, abs=0.001)


def test_more_replicas_refuse_less_and_more_load_is_refused_more() -> None:
    fleet, _ = both(0.3)
    by_replicas = [fleet.refused(0.3, replicas) for replicas in range(1, 20)]
    assert by_replicas == sorted(by_replicas, reverse=True)
    assert by_replicas[-1] == 0
    by_load = [fleet.refused(0.01 * 2**doubled, 3) for doubled in range(20)]
    assert by_load == sorted(by_load)
    assert by_load[0] == 0
    assert 0.99 < by_load[-1] < 1
