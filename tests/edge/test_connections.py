"""Clients that go away, and connections that are closed while they are about to be used again."""

import asyncio
import json
import time
from contextlib import closing
from dataclasses import replace

import pytest

from tests.edge.client import Client, KeptClient
from tests.edge.edges import Edges, served
from tests.edge.load import burst, endings

pytestmark = pytest.mark.e2e
_KEY = "key-of-alice-1"


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_client_that_goes_away_frees_its_slot_within_a_second(
    edges: Edges, *, stream: bool
) -> None:
    engine = edges.engine(slots=4, between=0.1)
    envoy = edges.envoy(served([engine]))
    envoy.await_healthy("m", 1)

    async def leave() -> float:
        """Seconds from when four are gone until the engine knows; it knew of those before them."""
        known = engine.did()["cancelled"] + 4
        client = Client(envoy.port, _KEY, patience=120)
        asked = [
            asyncio.ensure_future(client.complete(stream=stream, max_tokens=1200)) for _ in range(4)
        ]
        while (await asyncio.to_thread(engine.did))["running"] < len(asked):
            await asyncio.sleep(0.05)
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        left = time.monotonic()
        async with asyncio.timeout(60):
            while (await asyncio.to_thread(engine.did))["cancelled"] < known:
                await asyncio.sleep(0.01)
        return time.monotonic() - left

    # A busy machine adds to it, now more and now less: the least is what the edge takes.
    assert min(asyncio.run(leave()) for _ in range(5)) < 1
    # All slots are free: who waited for one would wait as long.
    answers = asyncio.run(burst(lambda: Client(envoy.port, _KEY).complete(max_tokens=5), 4))
    assert endings(answers) == {"complete": 4}
    envoy.await_stat("cluster.m.upstream_rq_active", 0)


def test_a_replica_that_closes_kept_connections_at_the_wrong_moment_costs_nothing(
    edges: Edges,
) -> None:
    """As uvicorn does after five idle seconds, here after any three requests: of a fourth it says nothing."""

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
                # At once, or when the next request is on its way.
                if closed % 2:
                    await reader.read(1)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = int(server.sockets[0].getsockname()[1])
            name = served([edges.engine()])
            name = replace(name, backends=[replace(name.backends[0], port=port)])
            envoy = await asyncio.to_thread(edges.envoy, name)
            await asyncio.to_thread(envoy.await_healthy, "m", 1)
            # In turn: the third try of a request may meet such a connection, too, where others have theirs.
            with closing(KeptClient(envoy.port, _KEY)) as client:
                answers = [await client.complete() for _ in range(200)]
            assert endings(answers) == {"complete": 200}
            assert closed > 50
            stats = await asyncio.to_thread(envoy.stats)
            assert stats["cluster.m.upstream_rq_retry_success"] > 20

    asyncio.run(run())
