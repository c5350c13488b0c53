"""A steady stream of requests to whatever replicas the sender believes to be there."""

import contextlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any, Self

from tests.engine.engine import Engine

PROPAGATION_SECONDS = 8
"""From the deletion of a pod until the edge asks it no more.

The edge finds replicas by names, whose answers CoreDNS lets it keep for 5 s (default ``ttl`` of its
kubernetes plug-in); the rest is for the endpoints to be written and the name to be asked again. 2.5 s
were measured on loopback.
"""
LONGEST_TOKENS = 8000
"""The dev stack's context, less a prompt."""
MEASURED_TOKENS = 200
"""How many show how fast a replica is."""
# Each sends its next request a little after the answer to its last, so that a slow machine is
# not flooded; half of them ask for a stream.
_SENDERS = 4
_TOKENS = 100
_PAUSE_SECONDS = 2
# What a request is to last that goes to a replica at the last moment: it still runs when SIGTERM
# comes 2.5 s later, and has a minute from then. So the replica may become four times slower, or
# three times faster, than it was before, when its speed was measured.
_LONG_SECONDS, _LONG_CHOICES = 16, 4
_PATIENCE_SECONDS = 300
# Idle for longer, a connection may be closed by uvicorn (5 s) just as it is used; the edge's figure.
_KEPT_SECONDS = 4


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of one request; ``loss`` is empty when it is what was asked for."""

    loss: str
    is_streamed: bool


class Endpoints:
    """The replicas, as senders know them."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self._leaving_at = {engine: float("inf") for engine in engines}
        self._turns = itertools.count()

    def add(self, engine: Engine) -> None:
        """A replica is ready."""
        self._leaving_at = {**self._leaving_at, engine: float("inf")}

    def remove(self, engine: Engine) -> None:
        """A replica is to end; senders learn of it later."""
        self._leaving_at = {**self._leaving_at, engine: time.monotonic() + PROPAGATION_SECONDS}

    def choose(self) -> Engine:
        """Each in turn."""
        now = time.monotonic()
        known = [engine for engine, leaving_at in self._leaving_at.items() if now < leaving_at]
        return known[next(self._turns) % len(known)]


class Traffic:
    """Sends while its block runs, then waits for all answers."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self.answers: list[Answer] = []

    def __enter__(self) -> Self:
        for number in range(_SENDERS):
            self._start(self._send, streamed=number % 2 == 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    @property
    def losses(self) -> Sequence[str]:
        """What went wrong, one text for each request that was not answered in full."""
        return [answer.loss for answer in self.answers if answer.loss]

    def remove(self, engine: Engine) -> None:
        """A replica is to end; it gets requests until senders know, long ones at the last moment."""
        kinds = (True, False)
        # Before it is to end: on a machine that starves it may take longer than the replica has.
        with ThreadPoolExecutor() as pool:
            measured = [pool.submit(self._long_tokens, engine, streamed=kind) for kind in kinds]
        self._endpoints.remove(engine)
        for streamed, tokens in zip(kinds, measured, strict=True):
            self._start(self._send_last, engine, tokens.result(), streamed=streamed)

    def _send(self, *, streamed: bool) -> None:
        with contextlib.closing(Client(self._endpoints.choose)) as client:
            while not self._stopped.wait(_PAUSE_SECONDS):
                self._ask(client, _TOKENS, streamed=streamed)

    def _long_tokens(self, engine: Engine, *, streamed: bool) -> int:
        """How many it writes in so long, as fast as it is now."""
        began = time.monotonic()
        with contextlib.closing(Client(lambda: engine)) as client:
            self._ask(client, MEASURED_TOKENS, streamed=streamed, choices=_LONG_CHOICES)
        took = time.monotonic() - began
        return min(LONGEST_TOKENS, round(_LONG_SECONDS * MEASURED_TOKENS / took))

    def _send_last(self, engine: Engine, tokens: int, *, streamed: bool) -> None:
        time.sleep(PROPAGATION_SECONDS - 0.5)
        with contextlib.closing(Client(lambda: engine)) as client:
            self._ask(client, tokens, streamed=streamed, choices=_LONG_CHOICES)

    def _ask(self, client: "Client", tokens: int, *, streamed: bool, choices: int = 1) -> None:
        loss = client.ask(tokens, streamed=streamed, choices=choices)
        self.answers.append(Answer(loss=loss, is_streamed=streamed))

    def _start(self, target: Callable[..., None], *arguments: Engine | int, streamed: bool) -> None:
        self._threads.append(
            threading.Thread(target=target, args=arguments, kwargs={"streamed": streamed})
        )
        self._threads[-1].start()


class Client:
    """Chooses a replica for each request, and keeps its connections to all, as the edge does."""

    def __init__(self, choose: Callable[[], Engine]) -> None:
        self._choose = choose
        self._connections: dict[Engine, HTTPConnection] = {}
        self._used: dict[Engine, float] = {}

    def ask(self, tokens: int, *, streamed: bool, choices: int = 1) -> str:
        """One completion of exactly so many tokens; what is wrong with the answer, or nothing."""
        engine = self._choose()
        connection = self._connected(engine)
        body = {
            "model": engine.model,
            "prompt": "Once upon a time",
            "max_tokens": tokens,
            "ignore_eos": True,
            "n": choices,
            "stream": streamed,
            "stream_options": {"include_usage": True} if streamed else None,
        }
        headers = {"Authorization": f"Bearer {engine.key}", "Content-Type": "application/json"}
        began = time.monotonic()
        try:
            connection.request("POST", "/v1/completions", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except (HTTPException, OSError) as error:
            self._connections.pop(engine).close()
            return f"lost after {time.monotonic() - began:.1f} s: {error!r}"
        self._used[engine] = time.monotonic()
        if answer.status != 200:
            return f"lost: {answer.status} {text[:200]}"
        return shortcoming(text, tokens * choices)

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.close()

    def _connected(self, engine: Engine) -> HTTPConnection:
        kept = self._connections.get(engine)
        if kept and time.monotonic() - self._used[engine] < _KEPT_SECONDS:
            return kept
        if kept:
            kept.close()
        address = engine.url.removeprefix("http://")
        self._connections[engine] = HTTPConnection(address, timeout=_PATIENCE_SECONDS)
        return self._connections[engine]


def ask(engine: Engine, tokens: int, *, streamed: bool, choices: int = 1) -> str:
    """One completion over a connection of its own."""
    with contextlib.closing(Client(lambda: engine)) as client:
        return client.ask(tokens, streamed=streamed, choices=choices)


def shortcoming(text: str, tokens: int) -> str:
    """What is wrong with a completion, whole or as a stream, that was to have so many tokens."""
    lines = [line.removeprefix("data: ") for line in text.split("\n") if line]
    parts: list[dict[str, Any]] = [json.loads(line) for line in lines if line != "[DONE]"]
    if errors := [part["error"]["message"] for part in parts if "error" in part]:
        return f"failed: {errors[0]}"
    choices = [choice for part in parts for choice in part["choices"]]
    reasons = {choice["finish_reason"] for choice in choices} - {None}
    if reasons != {"length"}:
        return f"ended with {reasons or 'nothing'}"
    counted: list[int] = [part["usage"]["completion_tokens"] for part in parts if part.get("usage")]
    return "" if counted == [tokens] else f"truncated: {counted} of {tokens} tokens"
