"""A running vLLM on loopback: the container's process, and what the outside sees of it."""

import contextlib
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn

from tests.cluster import guard
from tests.engine.differences import Command
from tests.guarded import ended, started

# Half a minute on two free cores: three processes import torch one after the other.
READY_SECONDS = 300
_ENDS_WITH_GUARD_SECONDS = guard.PATIENCE_SECONDS + 30
# PID 1 of a container gets no signal that it does not handle.
_AS_PID_1 = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


class EngineFailed(Exception):  # noqa: N818 - says what happened
    """The engine ended early, or never became healthy or ended; the message ends with its log."""


class Engine:
    """Starts on construction, ends with ``stop`` or when this process dies."""

    def __init__(self, command: Command, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{command.sandbox.port}"
        self.model = command.model
        self.key = command.environment["VLLM_API_KEY"]
        self.metrics_key = command.environment["METRICS_KEY"]
        self.command = command
        self.log = folder / "vllm.log"
        self.answers_while_loading: set[int | None] = set()
        self.requests_done_when_ready: int | None = None
        self._namespace = _namespace()
        self._popen = started(
            self.log,
            [*self._namespace, *command.arguments],
            environment=command.environment,
            folder=folder,
        )

    @property
    def port(self) -> int:
        """Where it answers, on loopback."""
        return self.command.sandbox.port

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
            self._still(deadline, f"not healthy within {seconds:g} s")
        return self

    def await_log(self, text: str, seconds: float = READY_SECONDS) -> "Engine":
        """Wait until it logs that."""
        deadline = time.monotonic() + seconds
        while not self.log.exists() or not re.search(text, self.log.read_text(errors="replace")):
            self._still(deadline, f"did not log {text} within {seconds:g} s")
        return self

    def requests_done(self) -> int:
        """How many requests it has answered in full since it started."""
        return self._sum_of("vllm:request_success_total")

    def requests_running(self) -> int:
        """How many requests it works on."""
        return self._sum_of("vllm:num_requests_running")

    def requests_waiting(self) -> int:
        """How many more it has let in."""
        return self._sum_of("vllm:num_requests_waiting")

    def tokens_written(self) -> int:
        """How many tokens it has given to all requests."""
        return self._sum_of("vllm:generation_tokens_total")

    def metrics(self) -> str:
        """What it tells a scraper."""
        headers = {"Authorization": f"Bearer {self.metrics_key}"}
        request = urllib.request.Request(f"{self.url}/metrics", headers=headers)  # noqa: S310 - our own address
        # It tells late while all of its processors work on tokens.
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - as above
            return answer.read().decode()

    def _sum_of(self, metric: str) -> int:
        counts = re.findall(rf"^{metric}\{{.*\}} (\S+)$", self.metrics(), re.MULTILINE)
        return int(sum(map(float, counts)))

    def terminate(self) -> None:
        """SIGTERM to the container's first process, as the kubelet sends it."""
        os.kill(self._first(), signal.SIGTERM)

    def inside(self, words: Sequence[str]) -> Sequence[str]:
        """A command that sees the container's processes and no others."""
        if not self._namespace:
            return words
        user = ("--user", "--preserve-credentials") if "--user" in self._namespace else ()
        return ["nsenter", f"--target={self._first()}", "--pid", "--mount", *user, "--", *words]

    def kill(self) -> None:
        """SIGKILL to all of it, as at the end of the grace period."""
        for process in [*self.processes()]:
            os.kill(process, signal.SIGKILL)

    def exit_code(self, seconds: float) -> int | None:
        """What its first process ended with, or nothing when it is still there after that long."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def processes(self) -> Iterator[int]:
        """Its processes, the first one first."""
        waiting = [self._popen.pid]
        while waiting:
            process = waiting.pop(0)
            if process != self._popen.pid:
                yield process
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it just ended
                children = Path(f"/proc/{process}/task/{process}/children")
                waiting += [int(child) for child in children.read_text(encoding="utf-8").split()]

    def resident_mib(self) -> float:
        """The memory of all its processes, each shared page once: the sum of their PSS."""
        texts = [Path(f"/proc/{process}/smaps_rollup").read_text() for process in self.processes()]
        return (
            sum(int(re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[0]) for text in texts)
            / 1024
        )

    def stop(self) -> None:
        """End it in any case."""
        ended(self._popen, _ENDS_WITH_GUARD_SECONDS)

    def _first(self) -> int:
        """The container's first process, once it is there."""
        while not (found := [*self.processes()][1 if self._namespace else 0 :]):
            if not self.is_running:
                self.fail("it has ended")
            time.sleep(0.05)
        return found[0]

    def _still(self, deadline: float, problem: str) -> None:
        if not self.is_running or time.monotonic() > deadline:
            self.fail(problem)
        time.sleep(0.25)

    def fail(self, problem: str) -> NoReturn:
        """Raise an error that ends with what the engine logged last."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise EngineFailed("\n".join([problem, *lines[-30:]]))


@cache
def _namespace() -> tuple[str, ...]:
    """How this machine gives a process a PID namespace of its own, or nothing where it may not."""
    for ours in (_AS_PID_1, (*_AS_PID_1, "--user", "--map-current-user")):
        if not subprocess.run([*ours, "true"], check=False, capture_output=True).returncode:
            return ours
    return ()
