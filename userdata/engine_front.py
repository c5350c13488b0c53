"""ASGI middleware in front of vLLM: closes routes without a key, and a connection after each answer.

vLLM asks for the key below /v1 only; /invocations runs inference, /tokenize and others work,
without one (measured on 0.32.0, tests/engine). What probes and Prometheus need stays open.

Whoever keeps a connection open keeps the replica at its other end: it is not told when that one
is to end and gets a 500 from there, and it never reaches a new one. To connect anew takes less
than a token.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]

_OPEN = frozenset({"/health", "/metrics"})
_GUARDED = "/v1/"


class EngineFront:
    """Answers 404 to whatever is neither open nor guarded by the key."""

    def __init__(self, app: _App) -> None:
        self._app = app

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """One request, or the life of the server."""

        async def send_and_close(message: _Message) -> None:
            if message["type"] == "http.response.start":
                # The server closes after an answer that says so, and the client expects it.
                closes = (b"connection", b"close")
                message = {**message, "headers": [*message.get("headers", ()), closes]}
            await send(message)

        path = scope.get("path", "")
        if scope["type"] == "lifespan" or path in _OPEN or path.startswith(_GUARDED):
            await self._app(scope, receive, send_and_close)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            body = b'{"error": {"message": "not served here", "type": "not_found", "code": 404}}'
            headers = [(b"content-type", b"application/json")]
            await send_and_close({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": body})
