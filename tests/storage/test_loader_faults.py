"""The fault table: a slice of it passes, and a loader with a mistake in it does not."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.storage.faults import FAULTS, NEEDS_ROOT
from tests.storage.loading import LOADER


def runs_of(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bench.loader_faults", *arguments],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.usefixtures("s3_server")
def test_every_fault_ends_in_right_bytes_or_a_reason(root: Path) -> None:
    done = runs_of(root, "--runs", "20", "--seed", "2026", "--json")
    assert done.returncode == 0, done.stderr
    runs = json.loads(done.stdout)
    left_out = NEEDS_ROOT if os.geteuid() else frozenset[str]()
    assert {run["fault"] for run in runs} == {*FAULTS} - left_out


MISTAKES: Mapping[str, tuple[str, str, str]] = {
    "checks no digest": (
        '[[ ${answer: -64} != "${part_digest[part]}" ]] || return 0',
        "return 0",
        "object corrupted",
    ),
    "trusts what a dead loader left": (
        'part_was_written "$1" && part_is_right "$1"',
        "true",
        "killed",
    ),
    "writes all that is answered": (
        'count="$length" seek="$from" iflag=fullblock,count_bytes',
        'seek="$from" iflag=fullblock',
        "ranges ignored",
    ),
    "removes what an engine holds": (
        "flock --nonblock --exclusive 7 || exit 0",
        "true",
        "old revision",
    ),
    "believes its own clock": ("((now - skew > 60 || skew - now > 60))", "false", "clock wrong"),
    "refuses with another code": ("DENIED=6", "DENIED=1", "access denied"),
    "refuses without a reason": ("say() { printf", "say() { : ", "manifest missing"),
}


@pytest.mark.usefixtures("s3_server")
@pytest.mark.parametrize(("honest", "mistaken", "fault"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_in_the_loader_is_found(
    *, honest: str, mistaken: str, fault: str, root: Path, tmp_path: Path
) -> None:
    if fault in NEEDS_ROOT and os.geteuid() != 0:
        pytest.skip("needs root")
    broken = planted(tmp_path, honest, mistaken)
    done = runs_of(root, "--runs", "6", "--seed", "1", "--fault", fault, "--loader", broken)
    assert done.returncode == 1, done.stdout
    assert "again: python -m bench.loader_faults --runs 1 --seed " in done.stdout


@pytest.mark.usefixtures("s3_server")
def test_the_printed_seed_finds_the_mistake_again(root: Path, tmp_path: Path) -> None:
    honest, mistaken, _ = MISTAKES["checks no digest"]
    loader = ["--loader", planted(tmp_path, honest, mistaken)]
    found = runs_of(root, "--runs", str(len(FAULTS)), "--seed", "7", *loader)
    again = re.search(r"bench.loader_faults (--runs 1 --seed \d+) --fault '(.*)'", found.stdout)
    assert again
    repeated = runs_of(root, *again[1].split(), "--fault", again[2], *loader)
    assert (found.returncode, repeated.returncode) == (1, 1)


def planted(folder: Path, honest: str, mistaken: str) -> str:
    """A loader with this mistake in it."""
    source = LOADER.read_text(encoding="utf-8")
    assert source.count(honest) == 1
    broken = folder / "model-loader"
    broken.write_text(source.replace(honest, mistaken), encoding="utf-8")
    broken.chmod(0o755)
    return str(broken)
