"""Requests to scripted engines at a given rate: to them directly, or through an edge before them.

The client shares its processors with all that it measures, so it does as little as it can: it keeps
its connections and looks at nothing of an answer but its first byte and its end.
"""

import asyncio
import json
import os
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.edge.edges import Edges, served
from tests.edge.envoy import Envoy
from tokenfleet.plan.edge.affinity import AffinityPlan

ENGINES, SLOTS = 3, 64
PROMPT_BYTES = 2200
_PREFIXES = 12
_KEY = "key-of-alice-1"
_END = b"0\r\n\r\n"
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One way in one round: milliseconds to the first byte of each answer.

    ``cpu_ms`` is what the edge takes for a request; ``late_ms`` how late the client itself sent 99 %
    of its requests at most.
    """

    first_ms: Sequence[float]
    late_ms: float
    cpu_ms: float
    failed: int


@dataclass(frozen=True, kw_only=True)
class Way:
    """Ports that take requests, each in its turn, and the edge that is on the way, if any."""

    name: str
    ports: Sequence[int]
    edge: Envoy | None = None


def ways(edges: Edges) -> Sequence[Way]:
    """Directly, as a Service would; through an edge; through one that keeps prompts together."""
    engines = [edges.engine(slots=SLOTS) for _ in range(ENGINES)]
    found = [Way(name="direct", ports=[engine.port for engine in engines])]
    least = AffinityPlan(kind="least request", reason="measured")
    prefix = AffinityPlan(kind="prefix", reason="measured")
    for name, affinity in (("edge", least), ("by prefix", prefix)):
        edge = edges.envoy(replace(served(engines), affinity=affinity))
        edge.await_healthy("m", ENGINES)
        found.append(Way(name=name, ports=[edge.port], edge=edge))
    return found


def taken(way: Way, *, per_second: float, seconds: float, seed: int) -> Taken:
    """Send for so many seconds, at random moments (Poisson)."""
    before = _cpu_seconds(way.edge)
    load = _Load(way.ports)
    count = asyncio.run(load.run(per_second, seconds, random.Random(seed)))  # noqa: S311 - a load
    late = sorted(load.late)[int(0.99 * len(load.late))]
    return Taken(
        first_ms=[1000 * first for first in load.first],
        late_ms=1000 * late,
        cpu_ms=1000 * (_cpu_seconds(way.edge) - before) / count,
        failed=count - len(load.first),
    )


class _Load:
    """All connections of one way."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.first: list[float] = []
        self.late: list[float] = []
        self.under_way = 0
        self._ports = ports
        self._idle: dict[int, deque[_Connection]] = {port: deque() for port in ports}
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self, per_second: float, seconds: float, source: random.Random) -> int:
        """How many were sent; all have been answered or given up."""
        loop, start, due, count = asyncio.get_running_loop(), time.perf_counter(), 0.0, 0
        prompts = [_request(number) for number in range(_PREFIXES)]
        while due < seconds:
            await asyncio.sleep(start + due - time.perf_counter())
            self.late.append(time.perf_counter() - start - due)
            port = source.choice(self._ports)
            sending = loop.create_task(self._send(port, source.choice(prompts)))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
            count += 1
            due += source.expovariate(per_second)
        await asyncio.wait(self._sending, timeout=10)
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        return count

    async def _send(self, port: int, request: bytes) -> None:
        idle = self._idle[port]
        connection = idle.pop() if idle else await _connected(port)
        first = await connection.send(request)
        if first is not None:
            self.first.append(first)
            idle.append(connection)


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._done: asyncio.Future[float | None] | None = None
        self._sent, self._first, self._tail = 0.0, 0.0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what TCP gives
        self._transport = transport

    def send(self, request: bytes) -> "asyncio.Future[float | None]":
        """Seconds to the first byte, once the end is there; None when it is no whole 200."""
        assert self._transport  # noqa: S101 - connected
        self._done = asyncio.get_running_loop().create_future()
        self._first, self._tail = 0.0, b""
        self._sent = time.perf_counter()
        self._transport.write(request)
        return self._done

    def data_received(self, data: bytes) -> None:
        """Only the first and the last piece count."""
        if not self._first:
            self._first = time.perf_counter() - self._sent
            if not data.startswith(b"HTTP/1.1 200"):
                self._end(None)
        self._tail = (self._tail + data)[-len(_END) :]
        if self._tail == _END:
            self._end(self._first)

    def connection_lost(self, exc: Exception | None) -> None:
        """In the midst of an answer, or while idle."""
        del exc
        self._end(None)

    def close(self) -> None:
        """Let it go."""
        if self._transport:
            self._transport.close()

    def _end(self, first: float | None) -> None:
        if self._done and not self._done.done():
            self._done.set_result(first)


async def _connected(port: int) -> _Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
    return connection


def _request(number: int) -> bytes:
    prompt = f"This is the beginning of conversation {number}. ".ljust(PROMPT_BYTES, "x")
    body = json.dumps({"model": "m", "prompt": prompt, "stream": True, "max_tokens": 2}).encode()
    head = (
        "POST /v1/completions HTTP/1.1\r\nhost: edge\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {_KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _cpu_seconds(edge: Envoy | None) -> float:
    """Of the process that the guard started (proc(5): utime and stime are 14th and 15th)."""
    if edge is None:
        return 0.0
    guard = edge.process.pid
    (child,) = Path(f"/proc/{guard}/task/{guard}/children").read_text(encoding="ascii").split()
    fields = Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND
