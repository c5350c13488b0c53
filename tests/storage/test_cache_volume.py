"""The cache volume on real block devices: no, one or several local disks, and every other boot."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.api import eventually
from tests.storage.machine import EBS, LOCAL, Machine, run_command
from tokenfleet.plan.serving.engine.process import engine_command

pytestmark = pytest.mark.e2e

OWNER = 10001
FILE_SYSTEMS = [
    pytest.param(
        kind,
        marks=pytest.mark.skipif(not shutil.which(f"mkfs.{kind}"), reason=f"no mkfs.{kind} here"),
    )
    for kind in ("xfs", "ext4")
]


@pytest.mark.parametrize("file_system", FILE_SYSTEMS)
def test_without_local_disks_the_volume_is_formatted_and_mounted(
    machine: Machine, file_system: str
) -> None:
    machine.add("nvme1n1", EBS, mib=512)
    booted = machine.boot(file_system)
    assert booted.returncode == 0, booted.stderr
    models = machine.mount / "models"
    assert os.path.ismount(machine.mount)
    assert (models.stat().st_uid, models.stat().st_gid) == (OWNER, OWNER)
    assert not os.path.ismount(models)


def test_a_reboot_keeps_what_is_in_the_cache(machine: Machine) -> None:
    machine.add("nvme1n1", EBS)
    machine.boot()
    (machine.mount / "models" / "weights").write_text("kept", encoding="ascii")
    machine.shut_down()
    # Nothing of the cache is on the root disk while it is not mounted.
    assert list(machine.mount.iterdir()) == []
    booted = machine.boot()
    assert booted.returncode == 0, booted.stderr
    assert (machine.mount / "models" / "weights").read_text(encoding="ascii") == "kept"


@pytest.mark.skipif(not shutil.which("mkfs.xfs"), reason="no mkfs.xfs here")
def test_a_volume_made_of_the_snapshot_of_a_smaller_one_is_used_whole(machine: Machine) -> None:
    file_system = "xfs"
    machine.add("nvme1n1", EBS, mib=512)
    assert machine.boot(file_system).returncode == 0
    (machine.mount / "models" / "weights").write_text("kept", encoding="ascii")
    before = shutil.disk_usage(machine.mount).total
    machine.shut_down()
    machine.enlarge("nvme1n1", mib=1024)
    booted = machine.boot(file_system)
    assert booted.returncode == 0, booted.stderr
    assert "making a file system" not in booted.stderr
    assert shutil.disk_usage(machine.mount).total > 1.8 * before
    assert (machine.mount / "models" / "weights").read_text(encoding="ascii") == "kept"


@pytest.mark.parametrize("disks", [1, 3])
def test_with_local_disks_the_cache_is_a_folder_on_nodeadms_array(
    machine: Machine, disks: int
) -> None:
    local = [machine.add(f"nvme{number + 1}n1", LOCAL) for number in range(disks)]
    machine.set_up_array(local[0])
    booted = machine.boot()
    assert booted.returncode == 0, booted.stderr
    assert (machine.array / "tokenfleet" / "models").is_dir()
    (machine.mount / "models" / "weights").write_text("here", encoding="ascii")
    assert (machine.array / "tokenfleet" / "models" / "weights").is_file()


def test_the_script_may_run_any_number_of_times(machine: Machine) -> None:
    machine.add("nvme1n1", EBS)
    outcomes = [machine.boot().returncode for _ in range(3)]
    assert outcomes == [0, 0, 0]
    mounts = Path("/proc/mounts").read_text(encoding="utf-8")
    assert mounts.count(f" {machine.mount} ") == 1


def test_it_waits_for_nodeadm_and_writes_nothing_meanwhile(machine: Machine) -> None:
    machine.add("nvme1n1", LOCAL)
    booted = machine.boot()
    assert booted.returncode == 1
    assert "nodeadm has not mounted" in booted.stderr
    assert not (machine.mount / "models").exists()


def _nothing(_: Machine) -> None:
    """Only the root disk."""


def _foreign(machine: Machine) -> None:
    disk = machine.add("nvme1n1", EBS)
    run_command("mkfs.ext4", "-q", "-L", "somebody", str(disk.resolve()))


def _two_volumes(machine: Machine) -> None:
    machine.add("nvme1n1", EBS)
    machine.add("nvme2n1", EBS)


@pytest.mark.parametrize(
    ("arrange", "says"),
    [
        pytest.param(_nothing, "no EBS volume beside the root volume", id="no volume at all"),
        pytest.param(_foreign, "no EBS volume beside the root volume", id="somebody else's volume"),
        pytest.param(_two_volumes, "which of the EBS volumes", id="two volumes"),
    ],
)
def test_a_disk_that_is_not_surely_ours_is_left_alone(
    machine: Machine, arrange: Callable[[Machine], None], says: str
) -> None:
    arrange(machine)
    booted = machine.boot()
    assert booted.returncode == 1
    assert says in booted.stderr
    assert not os.path.ismount(machine.mount)


def test_an_engine_that_may_only_read_the_cache_holds_its_weights(machine: Machine) -> None:
    machine.add("nvme1n1", EBS)
    machine.boot()
    ready = machine.mount / "models" / "READY"
    ready.touch()
    run_command("mount", "-o", "remount,ro", str(machine.mount))
    with subprocess.Popen([*engine_command(["a"], 1)[:3], str(ready), "sleep", "60"]) as engine:
        try:
            remover = ["flock", "--exclusive", "--timeout", "0.5", str(ready), "true"]
            # Taken only once the engine has it: until then the remover may be first.
            assert eventually(lambda: subprocess.run(remover, check=False).returncode == 1)
        finally:
            engine.kill()
    assert subprocess.run(remover, check=False).returncode == 0
