"""Batch clients leave half of each replica free, however many pods and replicas there are."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain, repeat

import pytest

from tests.edge.client import Answer, Client, Headers
from tests.edge.edges import Edges, client, served
from tests.edge.envoy import KEYS
from tests.edge.load import inside

pytestmark = pytest.mark.e2e
_BATCH = [client("bob", batch=True)]
_BOUND, _SHARE, _MOST_REPLICAS = 8, 4, 3
_SENT = 40
_PATIENCE_SECONDS = 60


@pytest.mark.parametrize("pods", [1, 2])
@pytest.mark.parametrize("replicas", [1, _MOST_REPLICAS])
def test_batch_clients_leave_half_of_each_replica_to_others(
    edges: Edges, pods: int, replicas: int
) -> None:
    front = {"BATCH_BOUND": str(_SHARE)}
    engines = [edges.engine(bound=_BOUND, held=True, front=front) for _ in range(replicas)]
    envoys = [
        edges.envoy(served(engines, guard=_MOST_REPLICAS * _BOUND), clients=_BATCH)
        for _ in range(pods)
    ]
    for envoy in envoys:
        envoy.await_healthy("m", replicas)
    ports = [envoy.port for envoy in envoys]

    async def all_at_once() -> tuple[Sequence[Answer], Sequence[Answer]]:
        batch = _asking("bob", ports, _SENT)
        # Who was refused by the edge is done while others still look for a replica with a place.
        beyond = _SENT - replicas * _SHARE
        await _until(
            lambda: sum(a.done() for a in batch) >= beyond and inside(engines) >= _SENT - beyond
        )
        assert [inside([engine]) for engine in engines] == [_SHARE] * replicas
        others = _asking("alice", ports, replicas * (_BOUND - _SHARE))
        await _until(lambda: inside(engines) == replicas * _BOUND)
        for engine in engines:
            engine.behave(held=False)
        return await asyncio.gather(*batch), await asyncio.gather(*others)

    batch, others = asyncio.run(all_at_once())
    assert {answer.status for answer in others} == {200}
    refused = [answer for answer in batch if answer.status != 200]
    assert len(refused) == _SENT - replicas * _SHARE
    assert {(a.status, a.code, a.header("retry-after")) for a in refused} == {
        (429, "at_capacity", "7")
    }


@pytest.mark.parametrize(
    ("name", "headers", "marked"),
    [
        ("bob", [], ["batch"]),
        ("bob", [("x-client-priority", "interactive")], ["batch"]),
        ("bob", [("X-Client-Priority", ""), ("x-client-priority", "other")], ["batch"]),
        ("alice", [], []),
        ("alice", [("x-client-priority", "batch")], []),
    ],
    ids=str,
)
def test_nobody_chooses_how_soon_a_replica_refuses_it(
    edges: Edges, name: str, headers: Headers, marked: list[str]
) -> None:
    engine = edges.engine()
    envoy = edges.envoy(served([engine]), clients=_BATCH)
    answer = asyncio.run(Client(envoy.port, KEYS[name][0]).complete(headers=headers))
    assert answer.status == 200
    (request,) = engine.did()["requests"]
    assert [v for found, v in request["headers"] if found == "x-client-priority"] == marked


def _asking(name: str, ports: Sequence[int], count: int) -> list[asyncio.Future[Answer]]:
    """So many requests of a client, by turns at each pod."""
    clients = [Client(port, KEYS[name][0], patience=_PATIENCE_SECONDS) for port in ports]
    turns = chain.from_iterable(repeat(clients))
    return [asyncio.ensure_future(next(turns).complete(stream=True)) for _ in range(count)]


async def _until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not await asyncio.to_thread(reached):
            await asyncio.sleep(0.05)
