"""A machine of real block devices, under the names that a node gives its disks."""

import os
import subprocess
from pathlib import Path

EBS, LOCAL = "Amazon Elastic Block Store", "Amazon EC2 NVMe Instance Storage"


class Machine:
    """Block devices under the names a node gives them; what is mounted is unmounted again."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder, self._script = folder, root / "userdata" / "model-cache"
        self._loops: list[str] = []
        for name in ("devices", "blocks"):
            (folder / name).mkdir()
        self.mount, self.array = folder / "mount", folder / "array"

    def add(self, name: str, model: str, mib: int = 64) -> Path:
        """A disk of that size; its controller says what ``model`` says."""
        image = self._folder / f"{name}.img"
        with image.open("wb") as file:
            file.truncate(mib * 2**20)
        loop = run_command("losetup", "--find", "--show", str(image)).strip()
        self._loops.append(loop)
        device = self._folder / "devices" / name
        device.symlink_to(loop)
        described = self._folder / "blocks" / name / "device" / "model"
        described.parent.mkdir(parents=True)
        described.write_text(f"{model}              \n", encoding="ascii")
        return device

    def enlarge(self, name: str, mib: int) -> None:
        """Make a disk larger, as a volume is that is made of the snapshot of a smaller one."""
        with (self._folder / f"{name}.img").open("r+b") as file:
            file.truncate(mib * 2**20)
        device = self._folder / "devices" / name
        run_command("losetup", "--set-capacity", str(device.resolve()))

    def boot(self, file_system: str = "ext4", seconds: int = 1) -> subprocess.CompletedProcess[str]:
        """Run the script as its unit does."""
        environment = self.environment(file_system, seconds)
        return subprocess.run(
            [self._script], check=False, capture_output=True, text=True, env=environment
        )

    def environment(self, file_system: str = "ext4", seconds: int = 1) -> dict[str, str]:
        """What tells the script of the cache where its disks are."""
        return {
            "PATH": os.environ["PATH"],
            "CACHE_MOUNT": str(self.mount),
            "CACHE_ARRAY": str(self.array),
            "CACHE_DEVICES": str(self._folder / "devices"),
            "CACHE_BLOCKS": str(self._folder / "blocks"),
            "CACHE_FILE_SYSTEM": file_system,
            "CACHE_SECONDS": str(seconds),
        }

    def set_up_array(self, device: Path) -> None:
        """What nodeadm does with the local disks, as far as the cache sees it."""
        run_command("mkfs.ext4", "-q", str(device.resolve()))
        self.array.mkdir(exist_ok=True)
        run_command("mount", str(device.resolve()), str(self.array))

    def shut_down(self) -> None:
        """Unmount everything, the disks keep what they hold."""
        for place in (self.mount, self.array):
            subprocess.run(["umount", place], check=False, capture_output=True)

    def end(self) -> None:
        """Unmount and detach everything."""
        self.shut_down()
        for loop in self._loops:
            run_command("losetup", "--detach", loop)


def run_command(*command: str) -> str:
    """What a command prints.

    Raises:
        RuntimeError: with what it said, where it failed.
    """
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout
