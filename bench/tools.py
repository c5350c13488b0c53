"""What brings a published model onto a disk: the loader, and what else one might take."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.storage.s3_server import S3Server


class Failed(Exception):  # noqa: N818 - says what happened
    """A tool ended badly; the message is its own."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A published snapshot: where it is, its objects by path, and their sizes."""

    server: S3Server
    bucket: str
    snapshot: str
    size_bytes_by_path: Mapping[str, int]
    folder: Path
    """For lists of addresses and the like."""

    @property
    def size_bytes(self) -> int:
        """The size of all files."""
        return sum(self.size_bytes_by_path.values())

    @property
    def prefix(self) -> str:
        """What the keys of all files begin with."""
        return f"models/{self.snapshot}/files/"

    def environment(self) -> Mapping[str, str]:
        """For tools that know AWS, the loader among them."""
        return {
            **os.environ,
            **self.server.environment(),
            "AWS_DEFAULT_REGION": self.server.region,
            "S3_ENDPOINT_URL": self.server.endpoint,
            "MODEL_STORE_URL": f"{self.server.endpoint}/{self.bucket}",
        }

    def curl(self, target: Path | None) -> list[list[str]]:
        """Commands that fetch every file at once, one process a file; into nothing for None."""
        client = self.server.client()
        commands: list[list[str]] = []
        for number, path in enumerate(self.size_bytes_by_path):
            key = {"Bucket": self.bucket, "Key": self.prefix + path}
            address = client.generate_presigned_url("get_object", Params=key)
            kept = "/dev/null" if target is None else str(target / path)
            config = self.folder / f"curl-{number}"
            config.write_text(f'url = "{address}"\noutput = "{kept}"\n', encoding="utf-8")
            commands.append(["curl", "--silent", "--fail", "--config", str(config)])
        return commands


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A row of the bench: how to run it, and what is worth knowing of it."""

    name: str
    command: Sequence[str]
    """Empty when it is not installed."""
    version: str
    checks: str
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The programs that are compared, as this machine knows them."""

    loader: Path
    aws: str
    s5cmd: str

    def tools(self, source: Source, target: Path) -> list[Tool]:
        """How each of them brings all files into a folder; the loader is the first."""
        url = f"s3://{source.bucket}/{source.prefix}"
        # Version 2.9, which Debian has, reads no endpoint from the environment.
        endpoint = ["--endpoint-url", source.server.endpoint]
        copy = ["s3", "cp", "--recursive", "--only-show-errors"]
        every = "".join(f"{' '.join(command)} & " for command in source.curl(target))
        return [
            Tool(
                name="model-loader",
                command=[str(self.loader), source.snapshot],
                version=_version("curl", "--version"),
                checks="SHA-256 of every part",
                environment={"MODEL_CACHE": str(target)},
            ),
            Tool(
                name="curl, one a file",
                command=["bash", "-c", f"{every} wait"],
                version=_version("curl", "--version"),
                checks="nothing",
            ),
            Tool(
                name="aws s3 cp --recursive",
                command=_found(self.aws, *endpoint, *copy, url, f"{target}/"),
                version=_version(self.aws, "--version"),
                checks="nothing",
            ),
            Tool(
                name="s5cmd cp",
                command=_found(self.s5cmd, "--log", "error", "cp", f"{url}*", f"{target}/"),
                version=_version(self.s5cmd, "version"),
                checks="nothing",
            ),
        ]


def _found(program: str, *arguments: str) -> list[str]:
    return [program, *arguments] if shutil.which(program) else []


def _version(program: str, argument: str) -> str:
    if not shutil.which(program):
        return ""
    said = subprocess.run([program, argument], check=True, capture_output=True, text=True).stdout
    number = re.search(r"\d+(\.\d+)+", said)
    return number.group() if number else ""


# Ends with what started it, even by SIGKILL, and all that it started with it: the first process of
# a PID namespace takes the others along. One left behind would wait for a link that is gone.
_ENDS_WITH_US = ["setpriv", "--pdeathsig=KILL", "unshare", "--pid", "--fork", "--kill-child", "--"]


class Running:
    """A command in a process group of its own, which ends with this at the latest."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._popen = subprocess.Popen(
            [*_ENDS_WITH_US, *command],
            env=environment,
            start_new_session=True,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """SIGKILL for the command and all that it started, without a chance to tidy up."""
        if self.is_running():
            os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.communicate()

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    def finish(self) -> None:
        """Wait for a good end.

        Raises:
            Failed: when it is a bad one.
        """
        _, said = self._popen.communicate()
        if self._popen.returncode:
            raise Failed(said)


def run_all(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> float:
    """Run commands at once; the seconds until the last one ended.

    Raises:
        Failed: when one ends badly.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        for running in [stack.enter_context(Running(c, environment)) for c in commands]:
            running.finish()
        return time.perf_counter() - started
