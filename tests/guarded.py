"""Real servers in processes of their own, which end with whoever started them, however it goes."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.cluster import guard

# Until a test should fail: it is a second on a free machine.
READY_SECONDS = 60
# The guard takes three, and on a busy machine more; one that is killed no longer ends what it guards.
STOP_SECONDS = 30
# Another process may take a free port before the server does.
_TRIES = 3


class ServerFailed(Exception):  # noqa: N818 - says what happened
    """A server ended early, never answered or refused; the message is what it said."""


def free_port() -> int:
    """A port on loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(
    log: Path,
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """The command behind a guard (tests/cluster/guard.py); what it prints goes to ``log``."""
    return subprocess.Popen(
        [sys.executable, guard.__file__, str(log), *command],
        env=None if environment is None else dict(environment),
        cwd=folder,
        stdin=subprocess.PIPE,
    )


def answering(
    start: Callable[[], subprocess.Popen[bytes]], answers: Callable[[], bool], log: Path
) -> subprocess.Popen[bytes]:
    """A server that ``start`` starts, on another port each time, once it answers.

    Raises:
        ServerFailed: when it ended or did not answer in time, three times over.
    """
    for _ in range(_TRIES):
        server = start()
        deadline = time.monotonic() + READY_SECONDS
        while server.poll() is None and time.monotonic() < deadline:
            if answers():
                return server
            time.sleep(0.05)
        ended(server)
    raise ServerFailed(log.read_text(encoding="utf-8"))


def processes(server: subprocess.Popen[bytes]) -> Sequence[int]:
    """Those that the guard itself started."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="utf-8")
    return [int(child) for child in children.split()]


def ended(server: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> None:
    """Let the guard end what it guards, and wait for both; kill the guard after ``seconds``."""
    if server.stdin:
        server.stdin.close()
    try:
        server.wait(seconds)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
