"""ASGI middleware in front of vLLM: closes what has no key, bounds what is inside, holds heads of streams.

vLLM asks for the key below /v1 only; /invocations runs inference, /tokenize and others work,
without one (measured on 0.32.0, tests/engine). What probes need stays open; metrics, which tell
what others ask and how much, are for whoever has METRICS_KEY, and clients have another.

A stream of vLLM begins with 200 before the engine has so much as taken the request: one that it
then refuses (``check_admission``, vllm/v1/engine/async_llm.py) is a 200 with an error inside, and
whoever is in front may ask no other replica once 200 has passed. So the head of a stream waits
here for its first token, and a refusal instead of one is answered as a refusal (tests/edge).

A pod of the edge knows neither what other pods let in nor how many replicas there are just now, so
what a replica takes is counted here. Beyond REQUESTS_BOUND, for engines without a bound of their
own, and beyond BATCH_BOUND for those that the edge marks as refused first, requests are refused as
vLLM refuses them: others are asked, then it is a 429. A request counts once, whatever it asks for:
vLLM's own bound counts each of ``n`` answers and each input of a list.

To the engine's metrics it adds what became of the code that was compiled ahead of time, where
COMPILED_STATE names the file that says so (userdata/load-compiled).
"""

import hmac
import json
import math
import os
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]

_OPEN = frozenset({"/health"})
_METRICS = "/metrics"
_GRAPHS = "torch_compile_cache/torch_aot_compile/*/*/model"
_COMPILED_CODE = """\
# HELP tokenfleet_compiled_code Whether this replica loaded published code, or why it compiled.
# TYPE tokenfleet_compiled_code gauge
tokenfleet_compiled_code{state="%s"} 1
"""
_GUARDED = "/v1/"
# The one route of a classifier, which accepted_keys.py guards.
_GUARDED_BY_US = "/classify"
_STREAM = b"text/event-stream"
# Written by the edge alone (tokenfleet/plan/edge/envoy/model_routes.py).
_BATCH = (b"x-client-priority", b"batch")
_FULL = {
    "message": "The replica is at capacity.",
    "type": HTTPStatus.SERVICE_UNAVAILABLE.phrase,
}
# What /v1/responses says of a request before the engine has it.
_BEFORE_A_TOKEN = (b"event: response.created\n", b"event: response.in_progress\n")
_ERROR = b'data: {"error":'


class EngineFront:
    """Answers 404 to whatever is neither open nor guarded by the key."""

    def __init__(self, app: _App) -> None:
        self._app = app
        key = os.environ.get("METRICS_KEY")
        self._scraper = key and f"Bearer {key}".encode()
        self._state = os.environ.get("COMPILED_STATE")
        self._bound = _places("REQUESTS_BOUND")
        self._batch_bound = _places("BATCH_BOUND")
        self._inside = 0

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """One request, or the life of the server."""
        path = scope.get("path", "")
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif self._may_scrape(scope):
            await self._scraped(scope, receive, send)
        elif path.startswith(_GUARDED) or path == _GUARDED_BY_US:
            answer = self._bounded if scope.get("method") == "POST" else self._answered
            await answer(scope, receive, send)
        elif path in _OPEN:
            await self._answered(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refuse(send, 404, {"message": "not served here", "type": "not_found"})

    async def _bounded(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Where there is a place, which is free again when this ends, however it ends."""
        bound = self._batch_bound if _BATCH in scope["headers"] else self._bound
        if self._inside >= bound:
            await _refuse(send, HTTPStatus.SERVICE_UNAVAILABLE, _FULL)
            return
        self._inside += 1
        try:
            await self._answered(scope, receive, send)
        finally:
            self._inside -= 1

    async def _answered(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """By the engine, whose streams begin with their first token."""
        head = _Head(send)
        try:
            await self._app(scope, receive, head.send)
        except RuntimeError as error:
            # Starlette's, about an error that it would have answered, had 200 not been said.
            status = getattr(error.__cause__, "http_status", None)
            if not (head.waits and isinstance(status, HTTPStatus)):
                raise
            await _refuse(send, status, {"message": str(error.__cause__), "type": status.phrase})

    async def _scraped(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """The engine's metrics and ours: as plain text of unknown length, to which can be added."""
        wanted = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]

        async def send_more(message: _Message) -> None:
            if message["type"] == "http.response.start":
                headers = [h for h in message.get("headers", ()) if h[0] != b"content-length"]
                message = {**message, "headers": headers}
            elif not message.get("more_body"):
                message = {**message, "body": message.get("body", b"") + self._added()}
            await send(message)

        await self._app({**scope, "headers": wanted}, receive, send_more)

    def _added(self) -> bytes:
        return (_COMPILED_CODE % _became(Path(self._state))).encode() if self._state else b""

    def _may_scrape(self, scope: _Message) -> bool:
        """Whether this asks for metrics with their key; without one nobody may."""
        if not self._scraper or scope.get("path") != _METRICS:
            return False
        given = dict(scope["headers"]).get(b"authorization", b"")
        return hmac.compare_digest(given, self._scraper)


class _Head:
    """Passes an answer on; that of a stream only from its first token on."""

    def __init__(self, send: _Send) -> None:
        self._send = send
        self._held: list[_Message] = []
        self._is_refused = False

    @property
    def waits(self) -> bool:
        """Whether the client has not been told anything yet of a stream that began."""
        return bool(self._held)

    async def send(self, message: _Message) -> None:
        """What the engine sends, one part after the other."""
        if self._is_refused:
            return
        if _begins_stream(message):
            self._held = [message]
        elif not self._held:
            await self._send(message)
        elif status := _refusal(message):
            self._is_refused = True
            await _refuse(self._send, *status)
        else:
            self._held.append(message)
            if not message.get("body", b"").startswith(_BEFORE_A_TOKEN):
                held, self._held = self._held, []
                for part in held:
                    await self._send(part)


def _places(variable: str) -> float:
    """How many requests may be inside; any number where nobody says."""
    return float(os.environ.get(variable, math.inf))


def _begins_stream(message: _Message) -> bool:
    if message["type"] != "http.response.start" or message["status"] != HTTPStatus.OK:
        return False
    kinds = [value for name, value in message.get("headers", ()) if name == b"content-type"]
    return any(kind.startswith(_STREAM) for kind in kinds)


def _refusal(message: _Message) -> tuple[int, dict[str, Any]] | None:
    """The status and the error that a part of a stream is instead of a token."""
    body = message.get("body", b"")
    if not body.startswith(_ERROR):
        return None
    error = json.loads(body.partition(b"\n")[0].removeprefix(b"data: "))["error"]
    return error["code"], error


async def _refuse(send: _Send, status: int, error: dict[str, Any]) -> None:
    body = json.dumps({"error": {"param": None, **error, "code": int(status)}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _became(state: Path) -> str:
    """What an init container wrote before the engine began, or that the engine compiled in spite of it.

    vLLM keeps a graph where it compiled it, and only then (vllm/compilation/decorators.py, 0.32.0).
    """
    try:
        word, since = state.read_text(encoding="utf-8").strip(), state.stat().st_mtime
    except OSError:
        return "failed"
    graphs = Path(os.environ["VLLM_CACHE_ROOT"]).glob(_GRAPHS)
    compiled = any(graph.stat().st_mtime > since for graph in graphs)
    return "unused" if word == "loaded" and compiled else word
