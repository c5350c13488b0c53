"""Replays: what a policy makes of capacity that is known to the second."""

from collections.abc import Callable

import pytest

from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.policy.observation import Observation
from tokenfleet.capacity.replay.baselines import BASELINES
from tokenfleet.capacity.replay.faults import NO_FAULTS, Faults, Windows
from tokenfleet.capacity.replay.player import Deciding, Player, Wish
from tokenfleet.capacity.replay.replay import Pool, replay
from tokenfleet.capacity.traces.generated import generated_trace
from tokenfleet.capacity.traces.trace import CapacityTrace

HOUR, DAY = 3600, 86400
ZONES = ("a", "b", "c")


def steady(*nodes: int, seconds: int = DAY) -> CapacityTrace:
    return CapacityTrace(
        name="steady", zones=ZONES[: len(nodes)], starts=[0], capacities=[nodes], seconds=seconds
    )


def drop(at: int) -> CapacityTrace:
    """One zone, all of whose capacity ends."""
    return CapacityTrace(
        name="drop", zones=("a",), starts=[0, at], capacities=[[4], [0]], seconds=DAY
    )


def ours(boot: float, notice: float = 120) -> Callable[[], Player]:
    return lambda: Deciding(Knobs(boot=boot, serves=notice))


@pytest.mark.parametrize("boot", [60, 180, 480])
@pytest.mark.parametrize("wanted", [1, 4, 16])
def test_where_capacity_stays_every_replica_ends_on_spot_and_stays_there(
    wanted: int, boot: int
) -> None:
    outcome = replay(
        steady(wanted, wanted, wanted, seconds=5 * DAY),
        ours(boot)(),
        Pool(wanted=wanted, boot=boot),
    )
    assert outcome.launches == wanted
    assert outcome.availability == 1
    last = outcome.days[-1]
    assert (last.spot, last.on_demand) == (wanted * last.seconds, 0)


@pytest.mark.parametrize("boot", [60, 180])
def test_where_there_is_no_spot_on_demand_serves_alone(boot: int) -> None:
    outcome = replay(steady(0, 0, 0), ours(boot)(), Pool(wanted=4, boot=boot))
    assert (outcome.availability, outcome.launches) == (1, 0)
    assert outcome.cost == pytest.approx(1)


@pytest.mark.parametrize(
    ("boot", "drain", "gap"), [(60, 0, 0), (90, 0, 0), (180, 0, 60), (60, 100, 40), (180, 100, 160)]
)
def test_a_loss_costs_what_a_start_takes_beyond_the_notice_and_the_drain(
    boot: int, drain: int, gap: int
) -> None:
    pool = Pool(wanted=4, boot=boot, drain=drain)
    outcome = replay(drop(12 * HOUR), Deciding(Knobs(boot=boot, serves=120 - drain)), pool)
    unserved = (1 - outcome.availability) * sum(day.seconds for day in outcome.days)
    assert unserved == pytest.approx(gap, abs=15)


@pytest.mark.parametrize(
    ("stopped", "warm_boot", "gap"),
    [(4, 60, 0), (4, 90, 0), (4, 150, 30), (3, 60, 60), (0, 60, 60)],
)
def test_a_loss_costs_nothing_where_stopped_nodes_for_all_of_it_start_in_time(
    stopped: int, warm_boot: int, gap: int
) -> None:
    pool = Pool(wanted=4, boot=180, warm=stopped, warm_boot=warm_boot)
    outcome = replay(drop(12 * HOUR), Deciding(Knobs(boot=180, care=0, warm_boot=warm_boot)), pool)
    unserved = (1 - outcome.availability) * sum(day.seconds for day in outcome.days)
    assert unserved == pytest.approx(gap, abs=15)


def test_a_stopped_node_is_paid_while_it_warms_up_and_while_it_serves() -> None:
    knobs = Knobs(boot=180, care=0, warm_boot=60)
    paid = [
        sum(day.on_demand for day in replay(drop(12 * HOUR), Deciding(knobs), pool).days)
        for pool in (
            Pool(wanted=4, boot=180),
            Pool(wanted=4, boot=180, warm=2, warm_boot=60),
        )
    ]
    assert paid[1] - paid[0] == 2 * 180  # the two that take the places of those drawn


def test_drawn_nodes_are_replaced_after_a_start() -> None:
    """Two losses of one node: the second is made up for where the pool has had time to refill."""
    for between, gap in ((60, 60), (300, 0)):
        trace = CapacityTrace(
            name="twice",
            zones=("a",),
            starts=[0, 12 * HOUR, 12 * HOUR + between],
            capacities=[[4], [3], [2]],
            seconds=DAY,
        )
        pool = Pool(wanted=4, boot=180, warm=1, warm_boot=60)
        outcome = replay(trace, Deciding(Knobs(boot=180, care=0, warm_boot=60)), pool)
        unserved = (1 - outcome.availability) * sum(day.seconds for day in outcome.days)
        assert unserved == pytest.approx(gap, abs=15)


def test_a_replay_is_the_same_every_time() -> None:
    trace = generated_trace(3, zones=ZONES, nodes=4, seconds=3 * DAY)
    faults = Faults(notices_lost=0.2, calls_failed=0.1)
    pool = Pool(wanted=4, boot=180)
    assert replay(trace, ours(180)(), pool, faults) == replay(trace, ours(180)(), pool, faults)


def test_policies_rank_as_they_do_on_recorded_capacity() -> None:
    trace = generated_trace(5, zones=ZONES, nodes=4, seconds=12 * DAY)
    pool = Pool(wanted=4, boot=180)
    found = {name: replay(trace, made(), pool) for name, made in BASELINES.items()}
    mine = replay(trace, ours(180)(), pool)
    assert found["all on-demand"].availability == 1
    assert found["80 % spot, 20 % more"].availability < 0.9
    assert mine.availability > found["make-before-break"].availability
    assert mine.availability > found["hedge N+1"].availability - 0.0005
    assert trace.floor(4, 0.3) < mine.cost < found["hedge N+1"].cost < found["SpotHedge"].cost
    assert mine.cost < 0.6 * found["plain autoscaler"].cost


@pytest.mark.parametrize("wanted", [1, 4, 16])
def test_where_a_start_fits_in_the_notice_nothing_is_lost_at_three_hundredths_above_the_floor(
    wanted: int,
) -> None:
    trace = generated_trace(7, zones=ZONES, nodes=wanted, seconds=10 * DAY)
    outcome = replay(trace, ours(60)(), Pool(wanted=wanted, boot=60))
    assert outcome.availability >= 0.9999
    assert outcome.cost <= 1.03 * trace.floor(wanted, 0.3)


CASES = {
    "no notice": (NO_FAULTS, 0.0),
    "a fifth of notices lost": (Faults(notices_lost=0.2), 120.0),
    "blind a minute every two hours": (
        Faults(blind=Windows(seconds=60, every=2 * HOUR)),
        120.0,
    ),
    "blind ten minutes twice a day": (
        Faults(blind=Windows(seconds=600, every=12 * HOUR)),
        120.0,
    ),
    "a third of calls failing": (Faults(calls_failed=0.3), 120.0),
    "on-demand out an hour twice a day": (
        Faults(on_demand_out=Windows(seconds=HOUR, every=12 * HOUR)),
        120.0,
    ),
    "on-demand out a quarter of the day": (
        Faults(on_demand_out=Windows(seconds=6 * HOUR, every=24 * HOUR)),
        120.0,
    ),
}


@pytest.mark.parametrize("boot", [60, 180])
@pytest.mark.parametrize("case", CASES)
def test_faults_hurt_no_more_than_they_hurt_a_hedge_that_costs_more(case: str, boot: int) -> None:
    faults, notice = CASES[case]
    pool = Pool(wanted=4, boot=boot, notice=notice)
    trace = generated_trace(11, zones=ZONES, nodes=4, seconds=8 * DAY)
    mine = replay(trace, ours(boot, notice)(), pool, faults)
    hedge = replay(trace, BASELINES["hedge N+1"](), pool, faults)
    # A week has some fifty losses: one more or less is no finding.
    assert mine.availability >= hedge.availability - 0.001
    assert mine.cost < hedge.cost


class Forgetful:
    """The policy, which loses its memory four times a day."""

    def __init__(self) -> None:
        self._part = 0.0
        self._player = ours(180)()

    def step(self, seen: Observation) -> Wish:
        part = seen.now // (6 * HOUR)
        if part != self._part:
            self._part, self._player = part, ours(180)()
        return self._player.step(seen)


def test_losing_the_memory_costs_time_on_probation_alone() -> None:
    trace = generated_trace(13, zones=ZONES, nodes=4, seconds=12 * DAY)
    pool = Pool(wanted=4, boot=180)
    kept, lost = replay(trace, ours(180)(), pool), replay(trace, Forgetful(), pool)
    assert lost.availability >= kept.availability - 0.0005
    assert kept.cost < lost.cost < 1.2 * kept.cost
