"""Ten thousand requests while replicas and the edge's routes are changed under them."""

import asyncio

import pytest

from tests.edge.chaos import MISHAPS, Chaos, hurried
from tests.edge.edges import Edges, served
from tests.edge.load import endings

pytestmark = pytest.mark.e2e
# Two of the four replicas hold all that is asked at once: a second one may be left out when one ends.
_COUNT, _WORKERS, _REPLICAS, _SLOTS, _BOUND = 10_000, 48, 4, 8, 32
# From the loss of a replica until the client of a stream from it knows: the edge closes a broken
# connection after a second (delayed_close_timeout).
_KNOWN_SECONDS = 3


def test_of_10_000_requests_each_is_answered_refused_or_broken_by_a_killed_replica(
    edges: Edges,
) -> None:
    engines = [
        edges.engine(slots=_SLOTS, bound=_BOUND, first=0.005, between=0.005)
        for _ in range(_REPLICAS)
    ]
    envoy = edges.envoy(served(engines), edit=hurried)
    envoy.await_healthy("m", _REPLICAS)
    chaos = Chaos(engines=engines, envoy=envoy, seed=20, count=_COUNT)
    asyncio.run(chaos.run(_WORKERS))

    found = endings([answer for _, answer in chaos.answers])
    assert found.total() == _COUNT
    assert set(chaos.mishaps) == set(MISHAPS)
    assert found["hang"] == 0
    # Where every replica that it was sent to drains, a request gets what the last one said.
    failed = [answer for _, answer in chaos.answers if answer.ending == "failed"]
    assert {answer.status for answer in failed} <= {500}, failed
    assert len(failed) < 0.005 * _COUNT, failed
    # As many as can have run on each replica that was killed, and no others.
    assert found["broken"] <= len(chaos.kills) * _SLOTS
    broken = [(start, answer) for start, answer in chaos.answers if answer.ending == "broken"]
    for start, answer in broken:
        end = start + answer.seconds
        # The time of a kill is noted a moment before it.
        assert any(start - 0.2 < kill < end < kill + _KNOWN_SECONDS for kill in chaos.kills), answer
    assert {a.status for _, a in chaos.answers if a.ending == "refused"} <= {429, 503}
    # A machine that sends faster meets more full replicas: those are told so, and counted above.
    assert found["complete"] > 0.9 * _COUNT, found
