"""One loader on this machine: how to start it, what may go wrong around it, what it left."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.storage.s3_server import S3Server
from tokenfleet.weights.layout import folder_name

LOADER = Path(__file__).parents[2] / "userdata" / "model-loader"
NOT_PUBLISHED, CHECKSUM, DISK_FULL, DENIED, TIMEOUT, STORE, BAD_MANIFEST = range(3, 10)
REASON_BY_CODE = {
    NOT_PUBLISHED: "not published",
    CHECKSUM: "wrong checksum|another size",
    DISK_FULL: "disk full",
    DENIED: "access denied",
    TIMEOUT: "out of time|no manifest after",
    STORE: "is missing|store unreachable",
    BAD_MANIFEST: "manifest",
}
SECONDS = 120


class Loader:
    """A loader at work, in a process group of its own."""

    def __init__(self, program: Path, snapshot: str, environment: Mapping[str, str]) -> None:
        self._popen = subprocess.Popen(
            [program, snapshot],
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ended(self) -> tuple[int, str]:
        """Its exit code and what it said."""
        try:
            _, said = self._popen.communicate(timeout=SECONDS)
        except BaseException:
            self.kill_all()
            raise
        return self._popen.returncode, said

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    def kill(self) -> None:
        """SIGKILL for the loader alone: its workers go on for a while."""
        self._popen.kill()

    def kill_all(self) -> None:
        """SIGKILL for the loader and all its workers."""
        if self.is_running():
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.communicate()


def store_environment(server: S3Server, bucket: str, endpoint: str = "") -> Mapping[str, str]:
    """The owner's rights to this bucket, reached by another address if one is given."""
    url = f"{endpoint or server.endpoint}/{bucket}"
    return {**server.environment(), "MODEL_STORE_URL": url}


def is_ready(cache: Path, snapshot: str) -> bool:
    return (cache / folder_name(snapshot) / "READY").is_file()


def loaded(cache: Path, snapshot: str) -> Mapping[str, bytes]:
    """The files that the cache serves, by path."""
    return contents(cache / folder_name(snapshot) / "files")


def contents(folder: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def without_the_last_byte(body: bytes) -> bytes:
    return body[:-1]


def first_half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def flip(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Generator[bool]:
    """A file system with so much room in this folder; False where this user may not have it."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", folder],
        check=False,
        capture_output=True,
    )
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=True)


def older_snapshot(cache: Path, size_bytes: int, *, minutes: int) -> Path:
    """Another revision of so many bytes, last asked for so long ago; its READY."""
    folder = cache / "org--model--older"
    (folder / "files").mkdir(parents=True)
    with (folder / "files" / "model.safetensors").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size_bytes)
    ready = folder / "READY"
    ready.touch()
    asked = time.time() - 60 * minutes
    os.utime(ready, (asked, asked))
    return ready


@contextmanager
def engine(ready: Path) -> Generator[None]:
    """Somebody who serves from this snapshot and holds the lock that says so."""
    command = ["flock", "--shared", "--no-fork", ready, "sh", "-c", "echo held; exec sleep 600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout
            holder.stdout.readline()
            yield
        finally:
            holder.kill()


def wrong_clock(folder: Path, seconds: int) -> Mapping[str, str]:
    """An environment in which it is later by so much; ``folder`` gets the clock."""
    real = shutil.which("date")
    folder.mkdir()
    shim = folder / "date"
    shim.write_text(
        f"""#!/bin/bash
[[ " $* " == *" -d "* ]] && exec {real} "$@"
exec {real} -d "@$(($({real} +%s) + {seconds}))" "$@"
""",
        encoding="utf-8",
    )
    shim.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
