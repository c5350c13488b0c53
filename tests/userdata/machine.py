"""A real systemd that boots from a folder, so that units are tried where they run."""

import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.cluster.api import eventually

_SYSTEMD = Path("/lib/systemd/systemd")
_UNITS = Path("/usr/lib/systemd/system")
# What a distribution starts of its own: of a machine that is none, nothing of it is wanted.
_STARTED_BY = ("local-fs", "multi-user", "remote-fs", "sockets", "sysinit", "timers")
_POWER_OFF = signal.SIGRTMIN + 4
_NAMESPACES = ("--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child")
# Every unit's output, whatever it asks for: there is no journal.
_LOGGED = "[Service]\nStandardOutput=append:/var/log/units\nStandardError=append:/var/log/units\n"


class CannotBootError(Exception):
    """This machine cannot run another; says why."""


class Machine:
    """Boots, is powered off and boots again from the same disk."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        if os.geteuid() != 0:
            msg = "a machine's namespaces need root"
            raise CannotBootError(msg)
        if not _SYSTEMD.exists() or not shutil.which("unshare"):
            msg = "systemd or unshare is not installed"
            raise CannotBootError(msg)
        self._cgroup = _cgroups() / f"tokenfleet-{uuid.uuid4().hex[:12]}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        for name in (
            "etc/systemd/system",
            "etc/systemd/system.conf.d",
            "root",
            "var/lib",
            "var/log",
        ):
            (folder / name).mkdir(parents=True)
        self.write("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
        self.write("etc/group", "root:x:0:\n")
        self.write("etc/machine-id", f"{uuid.uuid4().hex}\n")
        self.write("etc/systemd/system/service.d/log.conf", _LOGGED)
        given = " ".join(f"{name}={value}" for name, value in environment.items())
        self.write(
            "etc/systemd/system.conf.d/tests.conf", f"[Manager]\nDefaultEnvironment={given}\n"
        )
        units = folder / "etc/systemd/system"
        (units / "default.target").symlink_to(_UNITS / "multi-user.target")
        for target in _STARTED_BY:
            for unit in (_UNITS / f"{target}.target.wants").glob("*"):
                if not (units / unit.name).is_symlink():
                    (units / unit.name).symlink_to("/dev/null")

    def write(self, path: str, text: str, *, mode: int = 0o644) -> None:
        """Put a file on the disk; ``local`` is /usr/local."""
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)

    def read(self, path: str) -> str:
        """What is in a file of the disk; nothing where there is none."""
        file = self._folder / path
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def enable(self, *units: str) -> None:
        """Start these at every boot."""
        wants = self._folder / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(exist_ok=True)
        for unit in units:
            (wants / unit).symlink_to(f"../{unit}")

    def boot(self) -> None:
        """Switch it on."""
        self._cgroup.mkdir()
        script = Path(__file__).with_name("machine.sh")
        command = f'echo $$ >"{self._cgroup}/cgroup.procs" && exec "$@"'
        with (self._folder / "console").open("ab") as console:
            self._process = subprocess.Popen(
                ["bash", "-c", command, "-", "unshare", *_NAMESPACES, "bash", script, self._folder],
                stdout=console,
                stderr=console,
            )

    def power_off(self) -> None:
        """Stop it as EC2 does: units are stopped first."""
        process, self._process = self._process, None
        if process is None:
            return
        for child in _children(process.pid):
            os.kill(child, _POWER_OFF)
        try:
            process.wait(timeout=120)
        finally:
            process.kill()
            process.wait()
            eventually(self._gone)

    def _gone(self) -> bool:
        """Nothing of it runs any more."""
        try:
            for folder, _, _ in os.walk(self._cgroup, topdown=False):
                Path(folder).rmdir()
        except OSError:
            return False
        return True


def _children(process: int) -> Sequence[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def _cgroups() -> Path:
    """Where processes are told apart by the second version of cgroups.

    Raises:
        CannotBootError: where that is nowhere, or cannot be written.
    """
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2" and "rw" in options.split(","):
            return Path(place)
    msg = "no cgroup2 file system that can be written is mounted"
    raise CannotBootError(msg)
