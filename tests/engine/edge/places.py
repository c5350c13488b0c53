"""Real engines as an edge is told of them, and requests that occupy their places."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace

from tests.edge.client import Answer, Client
from tests.edge.edges import served
from tests.edge.engines import ScriptedEngine
from tests.edge.envoy import replaced
from tests.engine.engine import Engine
from tokenfleet.plan.edge.served import Backend, ServedName

SLOTS, BOUND, BATCH_BOUND = 4, 6, 3
"""Requests that one of the engines runs at once, that it lets in, and beyond which none of batch clients."""
CONTEXT_LENGTH = 131_072
LASTING_TOKENS = 90_000
"""Longer than any test looks on: 8,000 took 27 s, for most of which a busy engine told no metrics.

From 100,000 on a scripted engine answers four.
"""
ASKED: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "/v1/completions": ("max_tokens", {"prompt": "Hi"}),
    "/v1/chat/completions": ("max_tokens", {"messages": [{"role": "user", "content": "Hi"}]}),
    "/v1/responses": ("max_output_tokens", {"input": "Hi"}),
}
"""How each route is asked: the name of its limit, and the least of a body."""
# Until a test should fail. An engine tells late how many it has while it decodes.
_PATIENCE_SECONDS = 240


def served_by(
    engines: Sequence[Engine | ScriptedEngine], name: str = "", routes: Sequence[str] = ()
) -> ServedName:
    """The model of these replicas, which refuse by themselves: the edge's own guard is out of reach."""
    models = [engine.model for engine in engines if isinstance(engine, Engine)]
    found = served([], name or models[0])
    backends = [
        Backend(
            model=found.name,
            host="127.0.0.1",
            port=engine.port,
            weight=1,
            priority=0,
            most_replicas=1,
            bound=BOUND,
            engine_holds=True,
        )
        for engine in engines
    ]
    return replace(found, backends=backends, routes=routes or found.routes)


def forbearing(bootstrap: object) -> None:
    """Leave no replica out that is only slow: its places would be missing.

    On a busy machine an engine that decodes does not answer /health for seconds, twice in a row.
    """
    replaced(bootstrap, "unhealthy_threshold", 100)


async def ask(
    client: Client, path: str, model: str, tokens: int = LASTING_TOKENS, **more: object
) -> Answer:
    """A request for exactly so many tokens."""
    limit, body = ASKED[path]
    asked = {"model": model, **body, limit: tokens, "ignore_eos": True, **more}
    return await posted(client, path, asked)


async def posted(client: Client, path: str, body: Mapping[str, object]) -> Answer:
    """A body as it is."""
    return await client.send("POST", path, json.dumps(body).encode())


@contextlib.asynccontextmanager
async def lasting(
    client: Client, path: str, model: str, count: int, *, streamed: bool
) -> AsyncGenerator[Sequence[asyncio.Task[Answer]]]:
    """So many at once, given up at the end of the block."""
    asked = [asyncio.ensure_future(ask(client, path, model, stream=streamed)) for _ in range(count)]
    try:
        yield asked
    finally:
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


async def until(what: Callable[[], bool], seconds: float = _PATIENCE_SECONDS) -> float:
    """Wait for it; the seconds that it took.

    Raises:
        TimeoutError: when it is not so in time.
    """
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(what):
            await asyncio.sleep(0.05)
    return time.monotonic() - began


def inside(engines: Sequence[Engine]) -> int:
    """Requests that they hold, running or waiting."""
    return sum(engine.requests_running() + engine.requests_waiting() for engine in engines)
