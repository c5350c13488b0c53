"""A steady stream of requests to whatever replicas the sender believes to be there."""

import itertools
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx2

from tests.engine.engine import Engine

PROPAGATION_SECONDS = 11
"""From the deletion of a pod until nobody sends it new requests.

The 99th percentile of kube-proxy's network programming latency on AWS, at 5,000 nodes
(kubernetes/perf-tests#2407, 2023-11-10). The sender opens a connection for each request: one that
is kept open through a load balancer of connections never learns of it.
"""
# Each sends its next request a little after the answer to its last, so that a slow machine is
# not flooded; half of them ask for a stream.
_SENDERS = 4
_TOKENS = 100
_PAUSE_SECONDS = 2
# What the dev stack's context holds, four times over: it still runs when the replica that it went
# to at the last moment gets SIGTERM 4.5 s later (8,000 tokens alone take less), and has a minute
# from then.
_LONG_TOKENS, _LONG_CHOICES = 8000, 4
_PATIENCE_SECONDS = 300


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
        self._endpoints.remove(engine)
        for streamed in (True, False):
            self._start(self._send_last, engine, streamed=streamed)

    def _send(self, *, streamed: bool) -> None:
        while not self._stopped.wait(_PAUSE_SECONDS):
            self._ask(self._endpoints.choose(), _TOKENS, streamed=streamed)

    def _send_last(self, engine: Engine, *, streamed: bool) -> None:
        time.sleep(PROPAGATION_SECONDS - 0.5)
        self._ask(engine, _LONG_TOKENS, streamed=streamed, choices=_LONG_CHOICES)

    def _ask(self, engine: Engine, tokens: int, *, streamed: bool, choices: int = 1) -> None:
        loss = ask(engine, tokens, streamed=streamed, choices=choices)
        self.answers.append(Answer(loss=loss, is_streamed=streamed))

    def _start(self, target: Callable[..., None], *arguments: Engine, streamed: bool) -> None:
        self._threads.append(
            threading.Thread(target=target, args=arguments, kwargs={"streamed": streamed})
        )
        self._threads[-1].start()


def ask(engine: Engine, tokens: int, *, streamed: bool, choices: int = 1) -> str:
    """One completion of exactly so many tokens; what is wrong with the answer, or nothing."""
    body = {
        "model": engine.model,
        "prompt": "Once upon a time",
        "max_tokens": tokens,
        "ignore_eos": True,
        "n": choices,
        "stream": streamed,
        "stream_options": {"include_usage": True} if streamed else None,
    }
    headers = {"Authorization": f"Bearer {engine.key}"}
    try:
        answer = _client().post(f"{engine.url}/v1/completions", json=body, headers=headers)
    except httpx2.TransportError as error:
        return f"lost: {error!r}"
    if answer.status_code != 200:
        return f"lost: {answer.status_code} {answer.text[:200]}"
    return shortcoming(answer.text, tokens * choices)


@cache
def _client() -> httpx2.Client:
    """One for all: making it costs more than a request; it keeps no connection open."""
    limits = httpx2.Limits(max_keepalive_connections=0)
    return httpx2.Client(limits=limits, timeout=_PATIENCE_SECONDS, verify=False)


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
