"""Stopped nodes are drawn once, whatever is lost on the way, and nothing that runs is ever ended for it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.capacity.controller.pools import MODEL, Seen, settings
from tests.capacity.controller.stand_ins import AnswerLostError, Run, World
from tokenfleet.capacity.controller.cluster import Deployment
from tokenfleet.capacity.controller.groups import CloudError, Held, Instance, Stopped
from tokenfleet.capacity.controller.settings import PoolSettings, WarmSettings
from tokenfleet.capacity.controller.warm_pool import Draws, WarmPool

PATIENCE = 30.0
GROUP = "group-on-demand"
LOST = AnswerLostError("SetDesiredCapacity", "InternalFailure", "the answer is lost")
DENIED = CloudError("SetDesiredCapacity", "AccessDenied", "no")


def _pool() -> PoolSettings:
    """One that has nothing but on-demand and a warm pool."""
    pool = settings(tiers=("on-demand",), warm=WarmSettings(nodes=2, draw_seconds=PATIENCE))
    return replace(pool, knobs=replace(pool.knobs, on_demand_most=10, spot_most=0))


def _wanted(replicas: int) -> Deployment:
    (deployment,) = Seen(replicas=replicas).state().deployments.values()
    assert deployment.model == MODEL
    return deployment


def _run(replicas: int, waiting: int) -> Run:
    world = World(deployments=[_wanted(replicas)])
    world.waiting = waiting
    return Run(world, _pool())


def test_what_waits_is_drawn_and_the_rest_is_launched() -> None:
    run = _run(3, waiting=2)
    run.controller.look()
    assert run.world.sizes == [2]
    assert [line["count"] for line in run.said("draw")] == [2]
    assert [len(line["instances"]) for line in run.said("launch")] == [1]
    assert 'draws_total{pool="pool"} 2' in run.metrics.text()


def test_what_was_drawn_is_not_asked_for_again_until_it_shows_and_then_it_is_there() -> None:
    run = _run(2, waiting=2)
    run.controller.look()
    run.controller.look()
    run.world.arrive(GROUP)
    run.controller.look()
    assert run.world.sizes == [2]
    assert not run.said("launch", "refused", "end")


def test_another_controller_in_between_draws_nothing_twice() -> None:
    run = _run(2, waiting=2)
    run.controller.look()
    after = Run(run.world, _pool())
    after.controller.look()
    assert run.world.sizes == [2]
    assert not after.said("draw", "launch")


@pytest.mark.parametrize(("lost", "launched"), [(True, 0), (False, 2)])
def test_a_draw_that_fails_is_launched_unless_it_was_done(*, lost: bool, launched: int) -> None:
    run = _run(2, waiting=2)
    run.world.fails["resize"] = LOST if lost else DENIED
    run.controller.look()
    assert len(run.said("launch")) == (1 if launched else 0)
    assert sum(len(line["instances"]) for line in run.said("launch")) == launched
    assert not run.said("draw")


def test_what_never_comes_is_no_longer_wished_for_and_launched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = _run(2, waiting=2)
    run.controller.look()
    clock = 1_800_000_000.0
    monkeypatch.setattr("time.time", lambda: clock)
    run.controller.look()
    clock += PATIENCE + 1
    run.controller.look()
    assert run.world.sizes == [2, 0]
    assert [(line["code"], line["count"]) for line in run.said("refused")] == [("NeverStarted", 2)]
    assert sum(len(line["instances"]) for line in run.said("launch")) == 2
    # It has a rest: what is missing then is launched, not drawn.
    assert len(run.said("draw")) == 1


def test_a_warm_pool_that_is_not_told_of_is_no_reason_to_wait() -> None:
    run = _run(2, waiting=2)
    run.world.fails["stopped"] = CloudError("DescribeWarmPool", "AccessDenied", "no")
    run.controller.turn()
    assert not run.world.sizes
    assert sum(len(line["instances"]) for line in run.said("launch")) == 2


def _held(desired: int, size: int, standing_by: int = 0) -> Held:
    one = Instance(id="i", group=GROUP, zone="a", type="", in_service=True)
    aside = replace(one, standby=True)
    return Held(instances=[one] * size + [aside] * standing_by, desired={GROUP: desired})


@pytest.mark.parametrize(
    ("looks", "coming", "overdue"),
    [
        ([(0, 2, 0), (29, 2, 0)], 2, False),
        ([(0, 2, 0), (31, 2, 0)], 0, True),
        ([(0, 2, 0), (20, 2, 1), (40, 2, 1)], 1, False),  # one has come: the other gets its time
        ([(0, 1, 0), (20, 2, 0), (40, 2, 0)], 2, False),  # one more was asked for
        ([(0, 2, 2), (90, 2, 2)], 0, False),  # nothing is missing
        ([(0, 2, 2), (90, 3, 2)], 1, False),
    ],
)
def test_what_comes_is_waited_for_as_long_as_something_moves(
    looks: Sequence[tuple[float, int, int]], coming: int, *, overdue: bool
) -> None:
    draws, pool = Draws(), WarmPool()
    for now, desired, size in looks:
        held = _held(desired, size)
        pool = draws.seen(GROUP, held, Stopped(ready=2), now=now, patience=PATIENCE)
    assert (pool.coming, pool.overdue) == (coming, overdue)


@given(
    desired=st.integers(0, 6),
    size=st.integers(0, 6),
    standing_by=st.integers(0, 2),
    stopped=st.integers(0, 4),
    wanted=st.integers(0, 10),
)
def test_to_draw_never_wishes_for_fewer_than_there_are_and_twice_is_once(
    desired: int, size: int, standing_by: int, stopped: int, wanted: int
) -> None:
    """Whichever of the two numbers of the group is out of date at the second look."""

    def look(desired: int) -> WarmPool:
        held = _held(desired, size, standing_by)
        return Draws().seen(GROUP, held, Stopped(ready=stopped), now=0, patience=PATIENCE)

    def drawn(pool: WarmPool) -> int:
        missing = max(0, wanted - size - pool.coming)
        return min(missing, pool.drawable)

    first = look(desired)
    if not (count := drawn(first)):
        return
    target = first.drawing(count)
    assert target >= max(size, desired)
    assert target == max(size, desired) + count
    late, seen = look(desired), look(target)
    assert late.drawing(drawn(late)) == target
    assert drawn(seen) == 0 or seen.drawing(drawn(seen)) <= wanted
