"""Names of replicas as the cluster answers them: CoreDNS, from a file that tests write."""

import os
import socket
import struct
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.tools import own_binary
from tests.guarded import answering, ended, free_port, started

_HERE = Path(__file__).parent / "coredns"
_ASKED = "name.that.nobody.has"


class Resolver:
    """Answers on a port of loopback; a name without an address does not exist."""

    def __init__(self, folder: Path) -> None:
        self._hosts = folder / "hosts"
        self.port = 0

    def tell(self, addresses_by_name: Mapping[str, Sequence[str]]) -> None:
        """From now on; what was answered before lives its five seconds."""
        lines = [f"{a} {name}\n" for name, found in addresses_by_name.items() for a in found]
        # Renamed, for a file half written would be answers.
        unfinished = self._hosts.with_suffix(".new")
        unfinished.write_text("".join(lines), encoding="utf-8")
        unfinished.rename(self._hosts)


@contextmanager
def resolver(folder: Path) -> Generator[Resolver]:
    """A resolver that knows nobody yet.

    Raises:
        ToolsMissing: when it is not built and there is no Go.
    """
    command = [str(own_binary(_HERE)), "-conf", str(_HERE / "Corefile")]
    made, log = Resolver(folder), folder / "coredns.log"
    made.tell({})

    def start() -> subprocess.Popen[bytes]:
        made.port = free_port()
        return started(
            log, command, environment=os.environ | {"PORT": str(made.port)}, folder=folder
        )

    server = answering(start, lambda: _answers(made.port), log)
    try:
        yield made
    finally:
        ended(server)


def _answers(port: int) -> bool:
    """Whether it says of a name that nobody has it (RFC 1035: a header, a question for A in IN)."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in _ASKED.split("."))
    question = struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.5)
        asker.connect(("127.0.0.1", port))
        try:
            asker.send(question)
            return asker.recv(512)[:2] == question[:2]
        except OSError:
            return False
