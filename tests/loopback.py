"""HTTP servers of the tests' own, on loopback: for what no real server can be made to answer."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

# Half a second by default, which is how long an end would take.
_LOOKS_FOR_ITS_END_EVERY_SECONDS = 0.01


class Handler(BaseHTTPRequestHandler):
    """Answers at once, and logs nothing."""

    # Else an answer in parts waits 40 ms for the client's delayed acknowledgement.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
        del format, args


class LoopbackServer:
    """Serves while its block runs; ``endpoint`` is its address."""

    def __init__(self, handler: type[Handler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _LOOKS_FOR_ITS_END_EVERY_SECONDS},
            daemon=True,
        ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
