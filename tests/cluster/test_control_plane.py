"""The harness itself: quick to start, and nothing of it outlives its runner."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster.api import WAIT_SECONDS, Api, eventually
from tests.cluster.control_plane import ControlPlane
from tests.cluster.life import write_stages

# Three times what it takes.
PROCESSOR_SECONDS = 12
RUNNER = """
import signal, sys
from pathlib import Path
# A job in the background is born deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
from tests.cluster.control_plane import ControlPlane
folder = Path(sys.argv[2])
ControlPlane(Path(sys.argv[1]), folder, folder / "kwok.yaml")
print("ready", flush=True)
sys.stdin.read()  # until whoever started this is gone
"""


def test_a_control_plane_is_ready_soon_and_leaves_nothing(tools: Path, tmp_path: Path) -> None:
    write_stages(tools, tmp_path / "kwok.yaml")
    started = time.monotonic()
    control_plane = ControlPlane(tools, tmp_path, tmp_path / "kwok.yaml")
    took = time.monotonic() - started
    spent = sum(map(_processor_seconds, _using(tmp_path)))
    assert Api(control_plane.access).answers("/readyz")
    control_plane.stop()
    assert not _using(tmp_path)
    print(f"ready in {took:.1f} s, of a processor's {spent:.1f} s")  # noqa: T201 - the figures
    # How long others keep it waiting on a busy machine says nothing of it.
    assert 0 < spent < PROCESSOR_SECONDS


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_its_runner(end: signal.Signals, tools: Path, tmp_path: Path) -> None:
    write_stages(tools, tmp_path / "kwok.yaml")
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tools), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    assert runner.stdout
    assert runner.stdout.readline() == b"ready\n"
    assert _using(tmp_path)
    os.kill(runner.pid, end)
    try:
        runner.wait(WAIT_SECONDS)
    finally:
        runner.kill()
        runner.communicate()
    eventually(lambda: not _using(tmp_path))


def _processor_seconds(process: int) -> float:
    """What a process has spent so far, its threads included."""
    # Behind its name, which may have spaces: user and system time are the 12th and 13th (proc(5)).
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _using(folder: Path) -> list[int]:
    """The processes whose command line names ``folder``."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command and process.name != str(os.getpid()):
            found.append(int(process.name))
    return found
