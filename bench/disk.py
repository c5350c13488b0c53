"""A disk that is as slow as asked for: ext4 on a loop device over memory, slowed by the kernel."""

import ctypes
import os
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.undo import Undo

# The first version of control groups slows what the kernel writes back, on its topmost level.
_THROTTLE = Path("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device")
_TRIES = 100
_CLONE_NEWNS = 0x20000  # unshare(2)


def hide_mounts() -> None:
    """Mounts of this process and its children are theirs alone from here on.

    Else a namespace that somebody makes meanwhile copies them and keeps the disk busy.

    Raises:
        OSError: without root.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    _run("mount", "--make-rprivate", "/")


class ThrottledDisk:
    """A loop device that takes so many megabytes a second, or all it can where none can be slowed.

    Its blocks are in memory, so that the machine's own disk and its neighbours are out of the
    way; what is slow is the kernel's queue in front of them, as with a volume that has a limit.
    Gone when ``undo`` is done. Needs root.
    """

    def __init__(self, undo: Undo, size_bytes: int, megabytes_per_second: int) -> None:
        self.is_throttled = _THROTTLE.exists()
        base = Path(tempfile.mkdtemp(prefix="tokenfleet-bench-disk-"))
        undo.later("rmdir", str(base))
        undo.later("umount", "--lazy", str(base))
        _run("mount", "-t", "tmpfs", "-o", f"size={size_bytes + 2**24}", "tmpfs", str(base))
        self._folder, image = base / "mounted", base / f"tokenfleet-bench-{os.getpid()}"
        self._folder.mkdir()
        # Written once, so that no round pays for finding memory.
        blocks = f"bs=8M count={size_bytes // 2**23} status=none"
        _run("dd", "if=/dev/zero", f"of={image}", *blocks.split())
        of_image = f"losetup --noheadings --output NAME --associated {image}"
        undo.later("sh", "-c", f"{of_image} | xargs --no-run-if-empty losetup --detach")
        self._device = _run("losetup", "--find", "--show", "--direct-io=on", str(image))
        if self.is_throttled:
            number = _run("lsblk", "--noheadings", "--output", "MAJ:MIN", self._device)
            undo.later("sh", "-c", f"echo {number} 0 >{_THROTTLE}")
            _THROTTLE.write_text(f"{number} {megabytes_per_second * 10**6}", "ascii")
        undo.later("umount", "--lazy", str(self._folder))

    @contextmanager
    def empty(self) -> Generator[Path]:
        """A new file system on the disk, of which the kernel has nothing in memory."""
        complete = "lazy_itable_init=0,lazy_journal_init=0,nodiscard"
        quiet = ("mkfs.ext4", "-q", "-F", "-m", "0", "-T", "largefile")
        _patiently(*quiet, "-E", complete, self._device)
        _run("mount", "-o", "noatime", self._device, str(self._folder))
        try:
            yield self._folder
        finally:
            _patiently("umount", str(self._folder))


def _patiently(*command: str) -> None:
    # What was killed a moment ago may still have a file open.
    for _ in range(_TRIES):
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    _run(*command)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
