"""The policy beside the two that come closest, on drawn capacity: recorded traces have no licence to be here."""

from statistics import mean

import pytest

from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.replay.baselines import BASELINES
from tokenfleet.capacity.replay.player import Deciding
from tokenfleet.capacity.replay.replay import Pool, replay
from tokenfleet.capacity.traces.generated import generated_trace

DAY = 86400
SEEDS = (5, 7)
# At one replica "one more" is a second fleet: it loses less where a start is slow, for double.
BETTER_AT_TWICE_THE_COST = {(1, 180)}


@pytest.mark.parametrize("boot", [60, 180])
@pytest.mark.parametrize("wanted", [1, 2, 4, 16])
def test_the_policy_serves_as_much_as_a_hedge_for_less_and_more_than_without_probation(
    wanted: int, boot: int
) -> None:
    pool = Pool(wanted=wanted, boot=boot)
    traces = [
        generated_trace(seed, zones=("a", "b", "c"), nodes=wanted, seconds=8 * DAY)
        for seed in SEEDS
    ]
    players = {
        "ours": lambda: Deciding(Knobs(boot=boot)),
        "hedge": BASELINES["hedge N+1"],
        "eager": BASELINES["make-before-break"],
    }
    found = {
        name: [replay(trace, player(), pool) for trace in traces]
        for name, player in players.items()
    }
    availability = {name: mean(each.availability for each in of) for name, of in found.items()}
    cost = {name: mean(each.cost for each in of) for name, of in found.items()}
    if (wanted, boot) in BETTER_AT_TWICE_THE_COST:
        assert cost["hedge"] > 2 * cost["ours"]
    else:
        assert availability["ours"] >= availability["hedge"]
    assert cost["ours"] < cost["hedge"]
    assert availability["ours"] >= availability["eager"]
    if boot == 60:
        assert availability["ours"] == 1
        assert cost["ours"] <= cost["eager"]
        assert cost["ours"] <= 1.03 * mean(trace.floor(wanted, 0.3) for trace in traces)
    else:
        # What probation costs beside on-demand, which make-before-break does without.
        assert cost["ours"] <= 1.11 * cost["eager"]


@pytest.mark.parametrize("wanted", [1, 4])
def test_as_many_stopped_nodes_as_replicas_lose_nothing_and_need_no_probation(wanted: int) -> None:
    traces = [
        generated_trace(seed, zones=("a", "b", "c"), nodes=wanted, seconds=8 * DAY)
        for seed in SEEDS
    ]
    knobs = Knobs(boot=180, warm_boot=60)
    alone, beside = (
        [replay(t, Deciding(knobs), Pool(wanted=wanted, boot=180, **kept)) for t in traces]
        for kept in ({}, {"warm": wanted, "warm_boot": 60})
    )
    assert mean(each.availability for each in beside) == 1
    assert mean(each.availability for each in alone) < 0.997
    assert mean(each.cost for each in beside) < mean(each.cost for each in alone)
