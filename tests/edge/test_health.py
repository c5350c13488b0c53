"""Which replicas are asked: by their answers, by their health, and never all because most are ill."""

import asyncio
import time
from typing import Any

import pytest

from tests.edge.client import Answer, Client
from tests.edge.edges import Edges, served
from tests.edge.envoy import replaced
from tests.edge.load import Sent, endings, steady

pytestmark = pytest.mark.e2e
_LEFT_OUT_SECONDS = 6
_LEFT_OUT = "cluster.m.outlier_detection.ejections_active"
# docs/edge.md tells users of it.
_ASKED = 8
# Failures are counted every two seconds, and until a test should fail there may be many of those.
_COUNTED_SECONDS = 60


def _hurried(bootstrap: Any) -> None:  # noqa: ANN401 - JSON
    replaced(bootstrap, "base_ejection_time", f"{_LEFT_OUT_SECONDS}s")
    for key in ("interval", "no_traffic_interval"):
        replaced(bootstrap, key, "0.5s")


def _told_at_once(bootstrap: Any) -> None:  # noqa: ANN401 - JSON
    """A client knows of a broken stream when it breaks, not a second later."""
    replaced(bootstrap, "delayed_close_timeout", "0.01s")


def test_a_replica_left_out_for_its_answers_stays_so_though_its_health_is_good(
    edges: Edges,
) -> None:
    engines = [edges.engine() for _ in range(3)]
    envoy = edges.envoy(served(engines), edit=_hurried)
    envoy.await_healthy("m", 3)
    client = Client(envoy.port, "key-of-alice-1")
    engines[0].behave(fault="reset")
    load: list[Sent] = []
    while not envoy.stats()[_LEFT_OUT]:
        load.extend(asyncio.run(steady(client.complete, count=4, per_second=40)))
    asked, ejected = len(engines[0].did()["requests"]), time.monotonic()
    assert asked >= 3
    # It is well from now on, and says so twice a second.
    engines[0].behave(fault="")
    while True:
        load.extend(asyncio.run(steady(client.complete, count=10, per_second=20)))
        since = len(engines[0].did()["requests"])
        # Left out still, so it was when it was counted.
        if envoy.stats()[_LEFT_OUT] == 0:
            break
        assert since == asked
    # A part of it had passed when that was seen.
    assert time.monotonic() - ejected > _LEFT_OUT_SECONDS / 2
    load.extend(asyncio.run(steady(client.complete, count=40, per_second=40)))
    assert len(engines[0].did()["requests"]) > asked
    assert set(endings([sent.answer for sent in load])) == {"complete"}


@pytest.mark.parametrize("requests", [3, 12])
def test_a_request_that_every_replica_fails_takes_no_place_from_others(
    edges: Edges, requests: int
) -> None:
    engines = [edges.engine(slots=8, bound=8) for _ in range(4)]
    envoy = edges.envoy(served(engines, bound=8), edit=_hurried)
    envoy.await_healthy("m", 4)
    client = Client(envoy.port, "key-of-alice-1")
    for engine in engines:
        engine.behave(status=500)
    load = asyncio.run(steady(client.complete, count=requests, per_second=20))
    assert {sent.answer.status for sent in load} == {500}
    for engine in engines:
        engine.behave(status=None, first=0.5)
    load = asyncio.run(steady(client.complete, count=32, per_second=1000))
    assert endings([sent.answer for sent in load]) == {"complete": 32}


@pytest.mark.parametrize("fault", ["reset", "drain"])
def test_a_request_that_breaks_its_engine_is_asked_of_few(edges: Edges, fault: str) -> None:
    engines = [edges.engine(fault=fault) for _ in range(10)]
    envoy = edges.envoy(served(engines))
    envoy.await_healthy("m", 10)
    asyncio.run(Client(envoy.port, "key-of-alice-1").complete())
    assert [len(engine.did()["requests"]) for engine in engines].count(1) == _ASKED
    assert sum(len(engine.did()["requests"]) for engine in engines) == _ASKED


def test_a_replica_that_breaks_every_stream_is_left_out_once_that_was_counted(
    edges: Edges,
) -> None:
    engines = [edges.engine(), edges.engine(fault="die")]
    envoy = edges.envoy(served(engines), edit=_told_at_once)
    envoy.await_healthy("m", 2)
    client = Client(envoy.port, "key-of-alice-1")

    async def in_turn() -> list[Answer]:
        # One after the other: each failure has a success before it, none follows another.
        answers: list[Answer] = []
        async with asyncio.timeout(_COUNTED_SECONDS):
            while not (await asyncio.to_thread(envoy.stats))[_LEFT_OUT]:
                answers.append(await client.complete(stream=True))
        return answers

    assert endings(asyncio.run(in_turn()))["broken"] >= 5
    load = asyncio.run(steady(lambda: client.complete(stream=True), count=40, per_second=40))
    assert endings([sent.answer for sent in load]) == {"complete": 40}


def test_the_only_healthy_replica_is_asked_alone_and_without_one_nobody_is(edges: Edges) -> None:
    engines = [edges.engine() for _ in range(3)]
    envoy = edges.envoy(served(engines), edit=_hurried)
    envoy.await_healthy("m", 3)
    client = Client(envoy.port, "key-of-alice-1")
    for engine in engines[1:]:
        engine.behave(health=503)
    envoy.await_healthy("m", 1)
    load = asyncio.run(steady(client.complete, count=30, per_second=60))
    assert endings([sent.answer for sent in load]) == {"complete": 30}
    assert [len(engine.did()["requests"]) for engine in engines] == [30, 0, 0]
    engines[0].behave(health=503)
    envoy.await_healthy("m", 0)
    answer = asyncio.run(client.complete())
    assert (answer.status, answer.code) == (503, "no_replica")
    assert int(answer.header("retry-after") or 0) > 0
    assert [len(engine.did()["requests"]) for engine in engines] == [30, 0, 0]
