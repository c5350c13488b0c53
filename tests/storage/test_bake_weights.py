"""Weights baked on a volume: a node that starts with a copy of it fetches nothing."""

import subprocess
from pathlib import Path

import pytest

from tests.storage.loading import NOT_PUBLISHED, store_environment
from tests.storage.machine import EBS, Machine
from tests.storage.s3_server import S3Server
from tests.storage.stage import Stage

pytestmark = pytest.mark.e2e
# A store that nobody answers at.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def stage(s3_server: S3Server, bucket: str, tmp_path: Path, root: Path) -> Stage:
    """A published snapshot."""
    loader = root / "userdata" / "model-loader"
    return Stage(s3_server, bucket, tmp_path / "stage", seed=1, program=loader)


def _bake(
    machine: Machine, stage: Stage, root: Path, snapshot: str
) -> subprocess.CompletedProcess[str]:
    store = store_environment(stage.server, stage.bucket, "")
    return subprocess.run(
        [root / "userdata" / "bake-weights", snapshot],
        check=False,
        capture_output=True,
        text=True,
        # Nobody but root may look into the folder of a test.
        env={**machine.environment(), **store, "CACHE_OWNER": "0"},
    )


def test_a_node_finds_baked_weights_ready_and_asks_no_store(
    machine: Machine, stage: Stage, root: Path
) -> None:
    machine.add("nvme1n1", EBS)
    baked = _bake(machine, stage, root, stage.snapshot)
    assert baked.returncode == 0, baked.stderr
    assert not machine.mount.is_mount()
    booted = machine.boot()
    assert "making a file system" not in booted.stderr
    cache = machine.mount / "models"
    # Of the loader that fetched it nothing is left but what it fetched.
    assert [path.name for path in cache.iterdir()] == [stage.snapshot.replace("/", "--")]
    code, said = stage.load(NOWHERE, MODEL_CACHE=str(cache)).ended()
    assert (code, "already there" in said) == (0, True), said


def test_what_is_not_published_is_not_baked(machine: Machine, stage: Stage, root: Path) -> None:
    machine.add("nvme1n1", EBS)
    baked = _bake(machine, stage, root, f"org/other/{'0' * 40}")
    assert baked.returncode == NOT_PUBLISHED, baked.stderr


def test_without_a_volume_nothing_is_baked(machine: Machine, stage: Stage, root: Path) -> None:
    baked = _bake(machine, stage, root, stage.snapshot)
    assert (baked.returncode, "no EBS volume" in baked.stderr) == (1, True)
