"""Nodes that wait stopped: in time where a new one would be late, drawn once, and made up for."""

from tests.cluster.capacity.conftest import LoopOf
from tests.cluster.capacity.loop import ON_DEMAND, ZONES, Loop, Times

REPLICAS = 2
# A new node comes too late for it, one that waits stopped does not.
_TIMES = Times(notice=30)


def _ready(loop_of: LoopOf, warm: int, times: Times = _TIMES) -> Loop:
    """All serve on spot, there is no more of it, so many nodes wait stopped, and new ones boot slowly."""
    loop = loop_of(REPLICAS, settled=False, warm=warm, times=times)
    loop.await_settled(REPLICAS, spot=REPLICAS)
    loop.await_stopped(warm)
    loop.bridge.boot_seconds = times.slow_boot
    for zone in ZONES:
        loop.dry(zone, left=sum(instance.zone == zone for instance in loop.spot()))
    return loop


def _reclaim(loop: Loop, count: int) -> None:
    zones = [instance.zone for instance in loop.spot()[:count]]
    for zone in sorted(set(zones)):
        loop.reclaim(zone, zones.count(zone))


def _launched_on_demand(loop: Loop, since: float) -> int:
    """On-demand instances that LaunchInstances has given from then on."""
    return sum(
        instance.launched_by == "LaunchInstances" and instance.launched_at >= since
        for instance in loop.scarcity.instances(ON_DEMAND)
    )


def _draws(loop: Loop, since: float) -> list[int]:
    """The sizes that were wished for."""
    calls = loop.scarcity.calls("SetDesiredCapacity")
    return [int(call.parameters["DesiredCapacity"]) for call in calls if call.at >= since]


def test_stopped_nodes_replace_lost_ones_in_time_and_are_made_up_for(loop_of: LoopOf) -> None:
    loop = _ready(loop_of, warm=2)
    since = loop.mark()
    _reclaim(loop, 1)
    loop.await_settled(REPLICAS, spot=1, on_demand=1)
    assert [instance.waited for instance in loop.on_demand()] == [True]
    loop.await_stopped(2)
    loop.back(*ZONES)
    loop.await_settled(REPLICAS, spot=REPLICAS)
    assert loop.fewest(since) == REPLICAS
    assert (_draws(loop, since), _launched_on_demand(loop, since)) == ([1], 0)
    assert len(loop.stopped()) == 2
    assert not loop.controller.said("crash", "force")
    assert not loop.refusals()


def test_what_the_warm_pool_does_not_cover_is_launched(loop_of: LoopOf) -> None:
    loop = _ready(loop_of, warm=1)
    since = loop.mark()
    _reclaim(loop, 2)
    loop.await_settled(REPLICAS, spot=0, on_demand=2)
    assert sorted(instance.waited for instance in loop.on_demand()) == [False, True]
    assert _launched_on_demand(loop, since) == 1
    # One of the two has come in time.
    assert loop.fewest(since) == REPLICAS - 1


def test_a_controller_killed_before_what_it_drew_shows_draws_nothing_twice(
    loop_of: LoopOf,
) -> None:
    loop = _ready(loop_of, warm=2, times=Times(notice=60))
    loop.scarcity.pace(look=8)
    since = loop.mark()
    _reclaim(loop, 1)

    def drawn() -> bool:
        """the group's size was set"""
        return bool(_draws(loop, since))

    loop.eventually(drawn)
    loop.controller.kill()
    killed = loop.mark()
    loop.note("the controller is killed")
    loop.controller.start()
    loop.await_settled(REPLICAS, spot=1, on_demand=1)
    assert [instance.drawn_at > killed for instance in loop.on_demand()] == [True]
    assert (_draws(loop, since), _launched_on_demand(loop, since)) == ([1], 0)
    assert loop.fewest(since) == REPLICAS


def test_what_cannot_be_started_is_no_longer_wished_for_and_launched_once_there_is_room(
    loop_of: LoopOf,
) -> None:
    loop = _ready(loop_of, warm=1)
    loop.dry(*ZONES, market="on-demand")
    since = loop.mark()
    _reclaim(loop, 1)

    def refused() -> bool:
        """what was drawn is given up"""
        return "NeverStarted" in {line["code"] for line in loop.controller.said("refused")}

    loop.eventually(refused)
    loop.back(*ZONES, market="on-demand")
    # Who has been refused on demand once insures itself for a day.
    loop.await_settled(REPLICAS, spot=1, on_demand=None)
    loop.eventually(lambda: len(loop.on_demand()) == 1)
    assert _draws(loop, since)[:2] == [1, 0]
