"""A server that answers as vLLM does, slowly enough to be counted, with faults on demand.

    python -m tests.edge.upstream ADDRESS PORT '{"slots": 4, ...}'

``POST /control`` with some of its settings changes them, ``GET /control`` tells what it did.
"""

import asyncio
import contextlib
import json
import sys
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from tests.edge.front import behind_front
from tests.edge.wire import Request, chunk, read_request, refuse, send

Fault = Literal["", "hang", "die", "drain", "full", "reset"]
_LIMIT = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """``first`` and ``between`` are seconds to the first token and from one to the next.

    ``fault``: ``hang`` never answers, ``die`` resets after two tokens, ``drain`` answers 500 and
    ``full`` 503 to what is new, ``reset`` resets before the headers. ``/health`` says 200 all along,
    as an engine's does, unless ``health`` is another status. With ``bound`` requests inside, it
    answers 503. ``early_headers``: they leave before the first token. ``status``: all it answers.
    ``held``: no token leaves until it is not. ``front``: what is in front of it, with these variables.
    """

    name: str = "engine"
    slots: int = 8
    bound: int | None = None
    first: float = 0.0
    between: float = 0.0
    fault: Fault = ""
    health: int = 200
    status: int | None = None
    early_headers: bool = False
    held: bool = False
    front: Mapping[str, str] | None = None


@dataclass
class State:
    """What it did: counted, and the last requests as they came."""

    behaviour: Behaviour
    running: int = 0
    waiting: int = 0
    served: int = 0
    cancelled: int = 0
    refused: int = 0
    most_running: int = 0
    most_inside: int = 0
    requests: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=2000))

    def told(self) -> Mapping[str, Any]:
        """As JSON."""
        counts = ("running", "waiting", "served", "cancelled", "refused")
        most = ("most_running", "most_inside")
        return {
            **{name: getattr(self, name) for name in counts + most},
            "behaviour": asdict(self.behaviour),
            "requests": list(self.requests),
        }


class Upstream:
    """Serves all connections of one port."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.state = State(behaviour)
        self._freed = asyncio.Condition()
        front = behaviour.front
        self._answer = self._infer if front is None else behind_front(self._infer, front)

    async def serve(self, address: str, port: int) -> None:
        """Until it is ended."""
        server = await asyncio.start_server(
            self._connection, address, port, limit=_LIMIT, backlog=1024
        )
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            while request := await read_request(reader):
                if not await self._answered(request, reader, writer):
                    break
        writer.close()

    async def _answered(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the connection may be used again."""
        path = request.target.partition("?")[0]
        if path == "/health":
            await send(writer, self.state.behaviour.health, b"")
        elif path == "/metrics":
            await send(writer, 200, self._metrics().encode(), "text/plain")
        elif path == "/control":
            self._controlled(request)
            await send(writer, 200, json.dumps(self.state.told()).encode())
        else:
            # Who goes away is seen at once, as by uvicorn.
            work = asyncio.ensure_future(self._answer(request, writer))
            gone = asyncio.ensure_future(reader.read(1))
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self.state.cancelled += 1
                work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work
                return False
            if gone.done():
                return False
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone
            return work.result()
        return True

    async def _infer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        state, how = self.state, self.state.behaviour
        state.requests.append(
            {
                "method": request.method,
                "target": request.target,
                "headers": request.headers,
                "body": request.body.decode(errors="replace")[:4096],
            }
        )
        inside = state.running + state.waiting
        if how.fault == "hang":
            await asyncio.sleep(3600)
        if how.fault == "reset":
            writer.transport.abort()
            return False
        if how.status:
            return await refuse(writer, how.status, "as told")
        if how.fault == "drain":
            return await refuse(writer, 500, "EngineDeadError")
        if how.fault == "full" or (how.bound is not None and inside >= how.bound):
            state.refused += 1
            return await refuse(writer, 503, "The server is at capacity.")
        try:
            asked = json.loads(request.body)
        except ValueError:
            return await refuse(writer, 400, "not JSON")
        async with self._slot():
            whole = await self._generated(asked, how, writer)
        state.served += whole
        return whole

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncGenerator[None]:
        state = self.state
        state.waiting += 1
        state.most_inside = max(state.most_inside, state.running + state.waiting)
        try:
            async with self._freed:
                await self._freed.wait_for(lambda: state.running < state.behaviour.slots)
                state.running += 1
        finally:
            state.waiting -= 1
        state.most_running = max(state.most_running, state.running)
        try:
            yield
        finally:
            state.running -= 1
            async with self._freed:
                self._freed.notify_all()

    async def _generated(
        self, asked: Mapping[str, Any], how: Behaviour, writer: asyncio.StreamWriter
    ) -> bool:
        tokens = asked.get("max_tokens")
        tokens = tokens if type(tokens) is int and 0 < tokens < 100_000 else 4
        if asked.get("stream") is not True:
            await self._let_go()
            await asyncio.sleep(how.first + tokens * how.between)
            if self.state.behaviour.fault == "die":
                writer.transport.abort()
                return False
            answer = {
                "model": asked.get("model"),
                "served_by": how.name,
                "choices": [{"index": 0, "text": "t " * tokens, "finish_reason": "length"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": tokens},
            }
            await send(writer, 200, json.dumps(answer).encode())
            return True
        head = (
            b"HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        if how.early_headers:
            writer.write(head)
        await self._let_go()
        await asyncio.sleep(how.first)
        if not how.early_headers:
            writer.write(head)
        for number in range(tokens):
            if self.state.behaviour.fault == "die" and number >= min(2, tokens - 1):
                writer.transport.abort()
                return False
            await self._let_go()
            # Of a completion and of a chat in one.
            said = {"text": f"t{number} ", "delta": {"content": f"t{number} "}}
            reason = "length" if number == tokens - 1 else None
            choice = {"index": 0, **said, "finish_reason": reason}
            event = {"served_by": how.name, "choices": [choice]}
            writer.write(chunk(b"data: " + json.dumps(event).encode() + b"\n\n"))
            await writer.drain()
            if how.between:
                await asyncio.sleep(how.between)
        writer.write(chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _let_go(self) -> None:
        while self.state.behaviour.held:
            await asyncio.sleep(0.02)

    def _controlled(self, request: Request) -> None:
        if request.method == "POST":
            changed: dict[str, Any] = json.loads(request.body)
            if changed.pop("forget", False):
                self.state = State(
                    self.state.behaviour, running=self.state.running, waiting=self.state.waiting
                )
            self.state.behaviour = replace(self.state.behaviour, **changed)

    def _metrics(self) -> str:
        state = self.state
        return (
            f"vllm:num_requests_running {float(state.running)}\n"
            f"vllm:num_requests_waiting {float(state.waiting)}\n"
        )


if __name__ == "__main__":
    _, ADDRESS, PORT, SETTINGS = sys.argv
    asyncio.run(Upstream(Behaviour(**json.loads(SETTINGS))).serve(ADDRESS, int(PORT)))
