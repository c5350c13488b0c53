"""A relay in front of a server that lets only some uploads through, until it is closed."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_UPLOAD_BYTES = 2**20
_CHUNK_BYTES = 2**16


class Relay:
    """Forwards TCP; of the connections that send more than 1 MiB, all but ``uploads`` stall.

    Those stall after ``upload_bytes``: a client sends the next upload over the same connection.
    """

    def __init__(self, endpoint: str, *, uploads: int, upload_bytes: int) -> None:
        target = urlsplit(endpoint)
        self._target = (target.hostname or "", target.port or 0)
        self._free, self._upload_bytes = threading.Semaphore(uploads), upload_bytes
        self._closing = threading.Event()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        for opened in (self._listener, *self._sockets):
            # Wakes the thread that waits in it, which close alone does not.
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
            except OSError:
                return
            self._sockets += [client, server]
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        if self._pump(client, server, _UPLOAD_BYTES):
            while not self._free.acquire(timeout=0.1):
                if self._closing.is_set():
                    return
            self._pump(client, server, self._upload_bytes)

    def _pump(
        self, source: socket.socket, target: socket.socket, most_bytes: int | None = None
    ) -> bool:
        """Forward until the end, or until so many bytes went; whether there may be more."""
        sent = 0
        try:
            while most_bytes is None or sent < most_bytes:
                content = source.recv(_CHUNK_BYTES)
                if not content:
                    target.shutdown(socket.SHUT_WR)
                    return False
                target.sendall(content)
                sent += len(content)
        except OSError:
            return False
        return True
