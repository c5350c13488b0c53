"""More than the replicas can serve: the rest is told so at once, and nobody waits for long."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import pytest

from tests.edge.client import Client
from tests.edge.edges import Edges, served
from tests.edge.load import endings, quantile, spaced

pytestmark = pytest.mark.e2e
# Three replicas of eight slots, 0.8 s an answer: 30 a second. 45 a second come, in bunches
# (gamma, coefficient of variation 2): the lab's load (facts/edge.md, 2026-11-28).
_REPLICAS, _SLOTS, _QUEUE = 3, 8, 4
_TOKENS, _BETWEEN = 8, 0.1
_PER_SECOND, _SECONDS, _VARIATION = 45, 12, 2.0


@pytest.mark.parametrize(
    ("behaviour", "guard"),
    [
        pytest.param({"bound": _SLOTS + _QUEUE}, 1000, id="engines hold"),
        pytest.param({}, _REPLICAS * (_SLOTS + _QUEUE), id="the edge holds"),
    ],
)
def test_half_again_as_much_as_can_be_served_costs_those_served_no_wait(
    edges: Edges, behaviour: Mapping[str, Any], guard: int
) -> None:
    engines = [edges.engine(slots=_SLOTS, between=_BETWEEN, **behaviour) for _ in range(_REPLICAS)]
    name = served(engines, guard=guard)
    envoy = edges.envoy(name)
    envoy.await_healthy("m", _REPLICAS)
    client = Client(envoy.port, "key-of-alice-1")
    load = asyncio.run(spaced(lambda: client.complete(stream=True, max_tokens=_TOKENS), _bunches()))
    answers = [sent.answer for sent in load]
    complete = [answer for answer in answers if answer.ending == "complete"]
    refused = [answer for answer in answers if answer.ending != "complete"]
    # Of those that there is time for, 360 where nothing is late; the first and the last seconds are
    # not full.
    took = quantile([answer.seconds - answer.first for answer in complete], 0.5)
    room = _REPLICAS * _SLOTS * load[-1].at / took
    assert len(complete) > 0.8 * room, (room, endings(answers))
    assert refused
    assert {(a.status, a.code, a.header("retry-after")) for a in refused} == {
        (429, "at_capacity", str(name.retry_after_seconds))
    }
    # Four in a queue of eight slots wait for half an answer, 0.4 s; without a bound the median would
    # be a quarter of the test's time, and the last half of it.
    first = [answer.first for answer in complete]
    assert quantile(first, 0.5) < took
    assert quantile(first, 0.99) < load[-1].at / 4
    assert envoy.stats()["cluster.m.outlier_detection.ejections_enforced_total"] == 0


def _bunches() -> list[float]:
    source, shape, seconds = random.Random(20), _VARIATION**-2, [0.0]  # noqa: S311 - a load
    while seconds[-1] < _SECONDS:
        seconds.append(seconds[-1] + source.gammavariate(shape, 1 / (shape * _PER_SECOND)))
    return seconds
