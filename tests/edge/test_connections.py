"""Clients that go away, and connections that are closed while they are about to be used again."""

import asyncio
import json
import time
from contextlib import closing
from dataclasses import replace

import pytest

from tests.edge.client import Client, KeptClient
from tests.edge.edges import Edges, served
from tests.edge.envoy import Envoy
from tests.edge.load import burst, endings
from tests.guarded import free_port

pytestmark = pytest.mark.e2e
_KEY = "key-of-alice-1"


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_client_that_goes_away_frees_its_slot_within_a_second(
    edges: Edges, *, stream: bool
) -> None:
    engine = edges.engine(slots=4, between=0.1)
    envoy = edges.envoy(served([engine]))
    envoy.await_healthy("m", 1)

    async def leave() -> None:
        impatient = Client(envoy.port, _KEY, patience=0.5)
        answers = await burst(lambda: impatient.complete(stream=stream, max_tokens=600), 4)
        assert endings(answers) == {"hang": 4}

    asyncio.run(leave())
    left = time.monotonic()
    while engine.did()["cancelled"] < 4:
        assert time.monotonic() - left < 1
    # All slots are free: who waited for one would wait a minute.
    answers = asyncio.run(burst(lambda: Client(envoy.port, _KEY).complete(max_tokens=5), 4))
    assert endings(answers) == {"complete": 4}
    assert max(answer.seconds for answer in answers) < 5
    assert envoy.stats()["cluster.m.upstream_rq_active"] == 0


def test_a_replica_that_closes_kept_connections_at_the_wrong_moment_costs_next_to_nothing(
    edges: Edges,
) -> None:
    """As uvicorn does after five idle seconds, here between any two requests."""
    port = free_port()
    name = served([edges.engine()])
    name = replace(name, backends=[replace(name.backends[0], port=port)])

    async def run() -> None:
        closed = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal closed
            with closing(writer):
                try:
                    for _ in range(3):
                        head = await reader.readuntil(b"\r\n\r\n")
                        length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
                        await reader.readexactly(int(length or 0))
                        body = json.dumps({"choices": [], "usage": {}}).encode()
                        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
                        writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))
                        await writer.drain()
                except asyncio.IncompleteReadError:
                    return
                closed += 1
                # The next request may be on its way.
                await asyncio.sleep(0.001 * (closed % 4))

        server = await asyncio.start_server(serve, "127.0.0.1", port)
        async with server:
            envoy = await asyncio.to_thread(edges.envoy, name)
            await asyncio.to_thread(envoy.await_healthy, "m", 1)
            answers = await asyncio.gather(*(_in_turn(envoy) for _ in range(4)))
            # All three tries may meet such a connection, on a busy machine.
            assert sum(answers) >= 398
            assert closed > 100
            stats = await asyncio.to_thread(envoy.stats)
            assert stats["cluster.m.upstream_rq_retry_success"] > 0

    asyncio.run(run())


async def _in_turn(envoy: Envoy) -> int:
    """How many of a hundred are answered in full, one after the other on a kept connection."""
    with closing(KeptClient(envoy.port, _KEY)) as client:
        answers = [await client.complete() for _ in range(100)]
    return endings(answers)["complete"]
