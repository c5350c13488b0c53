"""ASGI middleware in front of vLLM: closes routes without a key, and a connection after each answer.

vLLM asks for the key below /v1 only; /invocations runs inference, /tokenize and others work,
without one (measured on 0.32.0, tests/engine). What probes need stays open; metrics, which tell
what others ask and how much, are for whoever has METRICS_KEY, and clients have another.

Whoever keeps a connection open keeps the replica at its other end: it is not told when that one
is to end and gets a 500 from there, and it never reaches a new one. To connect anew takes less
than a token.

To the engine's metrics it adds what became of the code that was compiled ahead of time, where
COMPILED_STATE names the file that says so (userdata/load-compiled).
"""

import hmac
import os
from collections.abc import Awaitable, Callable, MutableMapping
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


class EngineFront:
    """Answers 404 to whatever is neither open nor guarded by the key."""

    def __init__(self, app: _App) -> None:
        self._app = app
        key = os.environ.get("METRICS_KEY")
        self._scraper = key and f"Bearer {key}".encode()
        self._state = os.environ.get("COMPILED_STATE")

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """One request, or the life of the server."""

        async def send_and_close(message: _Message) -> None:
            if message["type"] == "http.response.start":
                # The server closes after an answer that says so, and the client expects it.
                closes = (b"connection", b"close")
                message = {**message, "headers": [*message.get("headers", ()), closes]}
            await send(message)

        path = scope.get("path", "")
        is_open = (
            path in _OPEN
            or path.startswith(_GUARDED)
            or path == _GUARDED_BY_US
            or self._may_scrape(scope)
        )
        if scope["type"] == "lifespan" or is_open:
            answer = self._scraped if path == _METRICS else self._app
            await answer(scope, receive, send_and_close)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            body = b'{"error": {"message": "not served here", "type": "not_found", "code": 404}}'
            headers = [(b"content-type", b"application/json")]
            await send_and_close({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": body})

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
