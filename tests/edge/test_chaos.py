"""Ten thousand requests while replicas and the edge's routes are changed under them."""

import asyncio

import pytest

from tests.edge.chaos import MISHAPS, Chaos, hurried
from tests.edge.client import Answer
from tests.edge.edges import Edges, served
from tests.edge.load import endings

pytestmark = pytest.mark.e2e
# Two of the four replicas hold all that is asked at once: a second one may be left out when one ends.
_COUNT, _WORKERS, _REPLICAS, _SLOTS, _BOUND = 10_000, 48, 4, 8, 32
# From the loss of a replica until the client of a stream from it knows: the edge closes a broken
# connection after a second (delayed_close_timeout), and a busy machine is late.
_KNOWN_SECONDS = 10


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
        assert any(
            kill.meets(start, end)
            and end < kill.end + _KNOWN_SECONDS
            and _served(kill.name, answer)
            for kill in chaos.kills
        ), answer
    assert {a.status for _, a in chaos.answers if a.ending == "refused"} <= {429, 503}
    # A machine that sends faster has more refused while all are full.
    others = [
        answer
        for start, answer in chaos.answers
        if not any(full.meets(start, start + answer.seconds) for full in chaos.full)
    ]
    assert len(others) > 0.5 * _COUNT, found
    assert endings(others)["complete"] > 0.95 * len(others), (found, endings(others))


def _served(name: str, answer: Answer) -> bool:
    """Whether it is of that replica; what broke before its first token does not say."""
    return not answer.body or f'"served_by": "{name}"'.encode() in answer.body
