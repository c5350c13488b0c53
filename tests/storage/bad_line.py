"""A line to a server on which answers are slow, or break off."""

import contextlib
import socket
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_CHUNK_BYTES = 2**15


class BadLine:
    """Forwards TCP. Answers come no faster than asked for, each connection on its own.

    The first connections end after as many bytes of answers as ``cuts`` says; later ones last. As
    long as no more than ``at_first`` bytes have passed, answers come as fast as they can.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        cuts: Iterable[int] = (),
        bytes_per_second: float = float("inf"),
        at_first: int = 0,
    ) -> None:
        target = urlsplit(endpoint)
        self._target = (target.hostname or "", target.port or 0)
        self._cuts, self._bytes_per_second = iter(cuts), bytes_per_second
        self._at_first = at_first
        self._closing = threading.Event()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.passed_bytes = 0
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
        _close(self._listener, *self._sockets)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
            except OSError:
                return
            self._sockets += [client, server]
            cut = next(self._cuts, None)
            threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client, cut), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := client.recv(_CHUNK_BYTES):
                server.sendall(content)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket, cut: int | None) -> None:
        sent = 0
        with contextlib.suppress(OSError):
            while content := server.recv(_CHUNK_BYTES):
                if cut is not None:
                    content = content[: cut - sent]
                client.sendall(content)
                sent += len(content)
                self.passed_bytes += len(content)
                if sent == cut:
                    break
                if self.passed_bytes > self._at_first and self._closing.wait(
                    len(content) / self._bytes_per_second
                ):
                    break
        _close(server, client)


def _close(*sockets: socket.socket) -> None:
    for opened in sockets:
        # Wakes the thread that waits in it, which close alone does not.
        with contextlib.suppress(OSError):
            opened.shutdown(socket.SHUT_RDWR)
        opened.close()
