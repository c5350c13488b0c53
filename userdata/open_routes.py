"""ASGI middleware of vLLM: routes that its API key does not guard are closed.

vLLM asks for the key below /v1 only; /invocations runs inference, /tokenize and others work,
without one (measured on 0.32.0, tests/engine). What probes and Prometheus need stays open.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]

_OPEN = frozenset({"/health", "/metrics"})
_GUARDED = "/v1/"


class OpenRoutes:
    """Answers 404 to whatever is neither open nor guarded by the key."""

    def __init__(self, app: _App) -> None:
        self._app = app

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """One request, or the life of the server."""
        path = scope.get("path", "")
        if scope["type"] == "lifespan" or path in _OPEN or path.startswith(_GUARDED):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            body = b'{"error": {"message": "not served here", "type": "not_found", "code": 404}}'
            headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": body})
