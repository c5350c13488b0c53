"""A running vLLM on loopback, ended as a kubelet ends it."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.cluster import guard
from tests.engine.differences import Command

# About a minute on two free cores: three processes import torch one after the other.
READY_SECONDS = 300
_ENDS_WITH_GUARD_SECONDS = guard.PATIENCE_SECONDS + 5


class EngineFailed(Exception):  # noqa: N818 - says what happened
    """The engine ended early, or never became healthy or ended; the message ends with its log."""


class Engine:
    """Starts on construction, ends with ``stop`` or when this process dies."""

    def __init__(self, command: Command, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{command.port}"
        self.model = command.model
        self.key = command.environment.get("VLLM_API_KEY", "")
        self.log = folder / "vllm.log"
        self.answers_while_loading: set[int | None] = set()
        self._popen = subprocess.Popen(
            [sys.executable, guard.__file__, str(self.log), *command.arguments],
            env=dict(command.environment),
            cwd=folder,
            stdin=subprocess.PIPE,
        )

    @property
    def is_running(self) -> bool:
        """Whether its first process is there, be it healthy or not."""
        return self._popen.poll() is None

    def status(self, path: str = "/health") -> int | None:
        """What a GET without a key is answered, or nothing when the port refuses."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:  # noqa: S310 - our own address
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return None

    def await_healthy(self, seconds: float = READY_SECONDS) -> "Engine":
        """Wait until it is loaded and warm."""
        deadline = time.monotonic() + seconds
        while (answer := self.status()) != 200:
            self.answers_while_loading.add(answer)
            if not self.is_running or time.monotonic() > deadline:
                msg = f"not healthy within {seconds:g} s"
                raise self._failed(msg)
            time.sleep(0.25)
        return self

    def terminate(self) -> None:
        """SIGTERM to the first process, as the kubelet sends it."""
        self._popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to all of it, as at the end of the grace period."""
        for process in [*self.processes()]:
            os.kill(process, signal.SIGKILL)

    def exit_code(self, seconds: float) -> int:
        """Wait until its first process is gone."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            msg = f"not gone within {seconds:g} s"
            raise self._failed(msg) from None

    def processes(self) -> Iterator[int]:
        """Its processes, the first one first."""
        waiting = [self._popen.pid]
        while waiting:
            process = waiting.pop(0)
            if process != self._popen.pid:
                yield process
            children = Path(f"/proc/{process}/task/{process}/children")
            waiting += [int(child) for child in children.read_text(encoding="utf-8").split()]

    def stop(self) -> None:
        """End it in any case."""
        if self._popen.stdin:
            self._popen.stdin.close()
        try:
            self._popen.wait(_ENDS_WITH_GUARD_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def _failed(self, problem: str) -> EngineFailed:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return EngineFailed("\n".join([problem, *lines[-30:]]))
