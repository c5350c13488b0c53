"""The speed bench: it measures every tool, and this machine is as before however it ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.api import eventually

# Until a test should fail: it makes and measures 40 MB, and a busy machine is slow.
PATIENCE_SECONDS = 300
THROTTLED = Path("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device")


@pytest.fixture
def small_bench(root: Path, tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    """A bench of 40 MB, the loader and curl alone, whose folders are in ``tmp_path``."""
    if os.geteuid() != 0 or not shutil.which("tc"):
        pytest.skip("needs root and tc")
    command = [sys.executable, "-m", "bench.loader", "--size", "40", "--rounds", "1", "--json"]
    bench = subprocess.Popen(
        [*command, "--aws", "not-here", "--s5cmd", "not-here"],
        cwd=root,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield bench
    bench.kill()
    bench.communicate(
        timeout=PATIENCE_SECONDS
    )  # for ever, where something that it started is still there


def leftovers(bench: "subprocess.Popen[str]", folder: Path) -> list[str]:
    spaces = subprocess.run(["ip", "netns"], check=True, capture_output=True, text=True).stdout
    loops = subprocess.run(["losetup", "--all"], check=True, capture_output=True, text=True).stdout
    named = [
        line for line in (spaces + loops).splitlines() if f"tokenfleet-bench-{bench.pid}" in line
    ]
    running = [
        line.decode()
        for line in map(_command_line, Path("/proc").glob("[0-9]*/cmdline"))
        if os.fsencode(folder) in line
    ]
    return [*named, *running, *(path.name for path in folder.iterdir())]


def _command_line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has just ended
        return b""


@pytest.mark.usefixtures("s3_server")
def test_every_way_to_fetch_is_measured_beside_its_limits(
    small_bench: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    said, problems = small_bench.communicate(timeout=PATIENCE_SECONDS)
    assert small_bench.returncode in {0, 1}, problems
    found = json.loads(said)
    loader, curl, aws, _ = found["tools"]
    (limits,) = [each["limits"] for each in found["rounds"]]
    # In the same unit: which of two moments of a busy machine was the slower one is luck.
    assert 0 < loader["rate"] < min(limits.values()) * 10
    assert loader["ratio"] == loader["rate"] / min(limits.values())
    assert curl["rate"] > 0
    assert aws["problem"] == "is not installed"
    assert found["met"] == (small_bench.returncode == 0)
    assert leftovers(small_bench, tmp_path) == []


@pytest.mark.usefixtures("s3_server")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=str)
@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_a_bench_that_is_interrupted_leaves_nothing(
    end: signal.Signals, seconds: float, small_bench: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    slowed = THROTTLED.read_text("ascii") if THROTTLED.exists() else ""
    assert eventually(lambda: bool(leftovers(small_bench, tmp_path)), seconds=PATIENCE_SECONDS)
    time.sleep(seconds)
    small_bench.send_signal(end)
    small_bench.wait(PATIENCE_SECONDS)
    # After SIGKILL the clean-up goes on by itself.
    assert eventually(lambda: not leftovers(small_bench, tmp_path), seconds=PATIENCE_SECONDS)
    if THROTTLED.exists():
        assert eventually(lambda: THROTTLED.read_text("ascii") == slowed, seconds=PATIENCE_SECONDS)
