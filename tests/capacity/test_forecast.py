"""What a forecast says beside the policies: what nodes that wait stopped would buy."""

import pytest

from tokenfleet.capacity.forecast import OURS, Forecaster
from tokenfleet.capacity.question import Question


def _asked(*, boot: float = 180, warm: int = 0, warm_seconds: float | None = 50) -> Question:
    return Question(
        model="m",
        pool="p",
        replicas=4,
        zones=("a", "b", "c"),
        boot_seconds=boot,
        drain_seconds=10,
        spot_price=0.3,
        spot_price_source="",
        care=1,
        spare=0,
        spot_most=10,
        on_demand_most=10,
        warm=warm,
        warm_seconds=warm_seconds,
    )


@pytest.mark.parametrize("warm", [0, 3])
def test_a_forecast_says_what_more_or_fewer_stopped_nodes_would_reach(warm: int) -> None:
    asked, steps = _asked(warm=warm), list[None]()
    forecaster = Forecaster([], days=6, seed=1)
    found = forecaster.of(asked, lambda: steps.append(None))
    assert len(steps) == forecaster.replays(asked)
    by_count = {row.warm: row for row in found.stopped}
    assert list(by_count) == sorted({0, 1, 2, 4, warm})
    ours = next(row for row in found.policies if row.policy == OURS)
    assert by_count[warm].availability == ours.availability
    assert by_count[warm].cost == ours.cost
    assert by_count[4].availability.expected == 1
    served = [row.served for row in found.stopped]
    assert served == sorted(served)


@pytest.mark.parametrize(("boot", "warm_seconds"), [(60, 50), (180, None), (180, 180), (180, 200)])
def test_where_stopped_nodes_would_change_nothing_none_are_forecast(
    boot: float, warm_seconds: float | None
) -> None:
    asked = _asked(boot=boot, warm_seconds=warm_seconds)
    assert not Forecaster([], days=3, seed=1).of(asked, lambda: None).stopped
