"""What replicas do with requests: nobody is lost, none waits while a slot is free, and speed counts."""

import pytest

from tests.elasticity.scenes import replica, steady
from tokenfleet.elasticity.each import Each
from tokenfleet.elasticity.load import Days, drawn, rise_and_fall
from tokenfleet.elasticity.play import play
from tokenfleet.elasticity.pooled import Pooled
from tokenfleet.elasticity.replica import Replica
from tokenfleet.elasticity.rules import fixed
from tokenfleet.elasticity.servers import MakeServers

BOTH = pytest.mark.parametrize("make", [Pooled, Each])


@BOTH
@pytest.mark.parametrize(
    ("per_second", "replicas", "shed"), [(1, 3, 0.0), (2, 5, 0.0), (2, 4, 0.2), (4, 5, 0.5)]
)
def test_what_slots_cannot_hold_is_refused(
    make: MakeServers, per_second: int, replicas: int, shed: float
) -> None:
    found = play(steady(per_second, 1000), fixed(replicas), replica(queue=0), make)
    assert found.requests == per_second * 1000
    assert found.shed == pytest.approx(shed, abs=0.02)
    busy = min(1.0, 10 * per_second / (4 * replicas))
    assert found.utilisation == pytest.approx(busy, abs=0.02)


@BOTH
def test_who_waits_beyond_the_slack_is_late(make: MakeServers) -> None:
    brief, patient = (
        play(steady(1, 600), fixed(2), replica(queue=10, slack=slack), make)
        for slack in (1.0, 100.0)
    )
    assert brief.shed == patient.shed > 0
    assert patient.within == 1
    assert brief.within < 0.1


@BOTH
def test_a_replica_that_is_half_empty_answers_faster(make: MakeServers) -> None:
    even = Replica(seconds=[10.0] * 8, queue=0, slack_seconds=1, start_seconds=60)
    faster = Replica(
        seconds=[2.0 + n for n in range(1, 9)], queue=0, slack_seconds=1, start_seconds=60
    )
    load = steady(1, 2000)
    slow, fast = (play(load, fixed(2), each, make) for each in (even, faster))
    # On each n answers take 2 + n: a half a second comes to it, n = (2 + n) / 2 run.
    assert slow.utilisation == pytest.approx(10 / 16, rel=0.05)
    assert fast.utilisation == pytest.approx(2 * 2 / 16, rel=0.2)


def test_queues_of_their_own_serve_a_little_less_than_one_that_all_share() -> None:
    days = Days(requests_per_second=2.0, answer_seconds=10.0, shape=rise_and_fall(3), seed=5)
    load = drawn(days)
    shared, own = (play(load, fixed(8), replica(), make) for make in (Pooled, Each))
    assert 0 < shared.shed <= own.shed < shared.shed + 0.03
    assert own.within <= shared.within
    assert own.utilisation == pytest.approx(shared.utilisation, rel=0.03)
