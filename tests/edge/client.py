"""A client that sees all of an answer: when it came, whether it is whole, what else it says."""

import asyncio
import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Ending = Literal["complete", "refused", "failed", "broken", "hang"]
"""``refused`` is a 429, or a 503 with Retry-After; ``failed`` any other whole answer that is no 200;
``broken`` ended before its end; ``hang`` did not end in time."""
_LIMIT = 16 * 2**20
Headers = Sequence[tuple[str, str]]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """``first`` and ``seconds`` are from the request to the first byte of the body and to the end."""

    ending: Ending
    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    first: float = 0.0
    seconds: float = 0.0

    def header(self, name: str) -> str | None:
        """The first of that name."""
        return next((value for found, value in self.headers if found == name), None)

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The body."""
        return json.loads(self.body)

    @property
    def code(self) -> object:
        """What OpenAI's clients read of an error."""
        return self.json()["error"]["code"]


class Client:
    """Asks one address, each request on a connection of its own, like most clients."""

    def __init__(
        self, port: int, key: str, *, patience: float = 60.0, tls: ssl.SSLContext | None = None
    ) -> None:
        self._port, self._key, self._patience, self._tls = port, key, patience, tls

    async def complete(
        self,
        model: str = "m",
        *,
        path: str = "/v1/completions",
        headers: Headers = (),
        **asked: object,
    ) -> Answer:
        """Ask for a completion; whole when it ends as OpenAI's do."""
        body = {"model": model, "prompt": "p", **asked}
        return await self.send("POST", path, json.dumps(body).encode(), headers)

    async def send(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Headers = (),
        *,
        authorized: bool = True,
    ) -> Answer:
        """As given; a header given replaces the one that would be sent."""
        own = {"host": "edge", "content-type": "application/json"}
        if authorized:
            own["authorization"] = f"Bearer {self._key}"
        if body:
            own["content-length"] = str(len(body))
        given = {name.lower() for name, _ in headers}
        every = [*((n, v) for n, v in own.items() if n not in given), *headers]
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in every)
        return await self.raw(head.encode("latin-1") + b"\r\n" + body, bodiless=method == "HEAD")

    async def raw(self, sent: bytes, *, bodiless: bool = False) -> Answer:
        """These bytes, and what comes back."""
        start = time.monotonic()
        reading = _Reading(start)
        try:
            async with asyncio.timeout(self._patience):
                reader, writer = await self._connected()
                whole = False
                try:
                    writer.write(sent)
                    await reading.read(reader, bodiless=bodiless)
                    whole = True
                finally:
                    self._done((reader, writer), keep=whole and reading.may_go_on)
        except TimeoutError:
            return reading.answer("hang")
        except (OSError, asyncio.IncompleteReadError, ValueError):
            return reading.answer("broken")
        return reading.answer(reading.ending())

    async def _connected(self) -> Connection:
        return await asyncio.open_connection("127.0.0.1", self._port, limit=_LIMIT, ssl=self._tls)

    def _done(self, connection: Connection, *, keep: bool) -> None:
        del keep
        _dropped(connection)


class KeptClient(Client):
    """Keeps its connection for its next request, which it sends when the last was answered."""

    _kept: Connection | None = None

    def close(self) -> None:
        """Let it go."""
        if self._kept:
            _dropped(self._kept)
        self._kept = None

    async def _connected(self) -> Connection:
        if self._kept and not self._kept[0].at_eof():
            return self._kept
        self.close()
        return await super()._connected()

    def _done(self, connection: Connection, *, keep: bool) -> None:
        self._kept = connection
        if not keep:
            self.close()


def _dropped(connection: Connection) -> None:
    """Closed, though what was sent is not read: ``close`` would wait for that, longer than the test's loop."""
    connection[1].transport.abort()


class _Reading:
    """An answer as far as it came."""

    def __init__(self, start: float) -> None:
        self._start, self._first = start, 0.0
        # Bytes would be copied with each of the thousands of parts of a long stream.
        self._status, self._body = 0, bytearray()
        self._headers: list[tuple[str, str]] = []

    async def read(self, reader: asyncio.StreamReader, *, bodiless: bool) -> None:
        while self._status < 200:
            await self._head(reader)
        given: Mapping[str, str] = dict(self._headers)
        if bodiless:
            return
        if given.get("transfer-encoding") == "chunked":
            while size := int(await reader.readuntil(b"\r\n"), 16):
                self._add(await reader.readexactly(size))
                await reader.readexactly(2)
            await reader.readexactly(2)
        elif "content-length" in given:
            self._add(await reader.readexactly(int(given["content-length"])))
        else:
            self._add(await reader.read())

    @property
    def may_go_on(self) -> bool:
        """Whether the server lets the connection be used again."""
        return ("connection", "close") not in self._headers

    def ending(self) -> Ending:
        """Of an answer that was read to its end."""
        if self._status == 200:
            streamed = any("text/event-stream" in value for _, value in self._headers)
            whole = not streamed or self._body.endswith(b"data: [DONE]\n\n")
            return "complete" if whole else "broken"
        again = any(name == "retry-after" for name, _ in self._headers)
        return "refused" if self._status == 429 or (self._status == 503 and again) else "failed"

    def answer(self, ending: Ending) -> Answer:
        return Answer(
            ending=ending,
            status=self._status,
            headers=self._headers,
            body=bytes(self._body),
            first=self._first,
            seconds=time.monotonic() - self._start,
        )

    async def _head(self, reader: asyncio.StreamReader) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        self._status = int(lines[0].split(" ")[1])
        pairs = (line.partition(":") for line in lines[1:] if line)
        self._headers = [(name.lower(), value.strip()) for name, _, value in pairs]

    def _add(self, data: bytes) -> None:
        self._first = self._first or time.monotonic() - self._start
        self._body += data
