"""Runs one command and ends it when whoever started this guard is gone, however it went.

    python guard.py LOG COMMAND...

The starter holds the other end of standard input. When that closes, by a clean exit, a crash
or SIGKILL, the command gets SIGTERM, and SIGKILL three seconds later. What the command leaves
running in its process group is killed. SIGTERM to the guard reaches the command alone.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

PATIENCE_SECONDS = 3


def main() -> int:
    """Start, wait for either end, stop."""
    log, *command = sys.argv[1:]
    # Ctrl-C reaches the whole terminal group; the starter decides the order of stopping.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Path(log).open("ab") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )

    def pass_on(_signal: int, _frame: FrameType | None) -> None:
        child.terminate()

    signal.signal(signal.SIGTERM, pass_on)
    exited = os.pidfd_open(child.pid)
    ready, _, _ = select.select([sys.stdin, exited], [], [])
    if exited not in ready:
        child.terminate()
        try:
            child.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
    code = child.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    return code


if __name__ == "__main__":
    sys.exit(main())
