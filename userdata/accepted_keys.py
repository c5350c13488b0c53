"""ASGI middleware of vLLM: which keys clients may send, read from files at every request.

vLLM reads its key once and takes one (several only as arguments, which every process list shows).
Here a request with an accepted key goes on with the engine's own, and any other goes on with none,
which vLLM answers with 401; where vLLM asks for none (vllm/entrypoints/serve/middleware/authenticate.py,
GUARDED_PREFIX), it is answered here. The files are those of a mounted Secret, which the kubelet renews: a
key is added or taken away while the replica runs.

API_KEYS is the folder of the files; VLLM_API_KEY is the engine's own key, which alone opens nothing.
Where it has none, as in the Job that compiles, vLLM guards nothing and nobody is let to it.
"""

import hashlib
import hmac
import os
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]

_NAMES = ("value", "previous")
_UNGUARDED = frozenset({"/classify"})


class AcceptedKeys:
    """Puts the engine's own key in place of an accepted one, and takes every other away."""

    def __init__(self, app: _App) -> None:
        self._app = app
        self._folder = Path(os.environ["API_KEYS"])
        self._own = b"Bearer " + os.environ.get("VLLM_API_KEY", "").encode()

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """One request, or the life of the server."""
        if scope["type"] != "lifespan":
            sent = [value for name, value in scope["headers"] if name == b"authorization"]
            headers = [header for header in scope["headers"] if header[0] != b"authorization"]
            if len(sent) == 1 and self._accepts(sent[0]):
                headers.append((b"authorization", self._own))
            elif scope.get("path") in _UNGUARDED:
                await _refuse(send)
                return
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, send)

    def _accepts(self, authorization: bytes) -> bool:
        scheme, _, key = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            return False
        # Digests, which are all of one length: the time it takes says nothing about the keys.
        return any(hmac.compare_digest(_digest(key), _digest(known)) for known in self._keys())

    def _keys(self) -> Iterator[bytes]:
        """The accepted keys; two small files in memory, so there is nothing to gain by keeping them."""
        for name in _NAMES:
            try:
                key = (self._folder / name).read_bytes().strip()
            except FileNotFoundError:
                continue
            if key:
                yield key


async def _refuse(send: _Send) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"error": "Unauthorized"}'})


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
