"""What a kubelet does with a container: its probes, its hooks, its end."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.engine.containers import Pod
from tests.engine.engine import Engine

# Kubernetes asks once a period; the number of failures that it allows is kept as time.
_ASKED_EVERY_SECONDS = 0.5
# pkg/kubelet/types, DefaultTerminationGracePeriodSeconds.
DEFAULT_GRACE_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a container ended: with an exit code, or without one when it was killed."""

    exit_code: int | None

    @property
    def was_killed(self) -> bool:
        """Whether it was still there at the end of the grace period."""
        return self.exit_code is None


def await_ready(engine: Engine, pod: Pod) -> Engine:
    """Wait until the startup and then the readiness probe have passed, if they have not before."""
    if engine.requests_done_when_ready is not None:
        return engine
    for name in ("startupProbe", "readinessProbe"):
        probe = pod.container[name]
        deadline = time.monotonic() + probe["periodSeconds"] * probe["failureThreshold"]
        while not passes(engine, probe):
            engine.answers_while_loading.add(engine.status())
            if not engine.is_running or time.monotonic() > deadline:
                engine.fail(f"{name} failed")
            time.sleep(_ASKED_EVERY_SECONDS)
    engine.requests_done_when_ready = engine.requests_done()
    return engine


def passes(
    engine: Engine, probe: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> bool:
    """One try of a probe or hook; ``environment`` is what a test changes of the container's."""
    seconds: float = probe.get("timeoutSeconds", 1)
    if "exec" in probe:
        variables = {**engine.command.environment, **(environment or {})}
        return _succeeds(engine, probe["exec"]["command"], variables, seconds)
    try:
        path: str = probe["httpGet"]["path"]
        return httpx2.get(f"{engine.url}{path}", timeout=seconds).status_code < 400
    except httpx2.TransportError:
        return False


def passes_in_time(
    engine: Engine, probe: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> bool:
    """One of the tries that it has before it has failed."""
    return any(passes(engine, probe, environment) for _ in range(probe["failureThreshold"]))


def end(engine: Engine, pod: Pod, *, pre_stop: bool = True, grace: float | None = None) -> Ending:
    """preStop, SIGTERM, and SIGKILL at the end of the grace period, which all three share."""
    grace = pod.grace_seconds if grace is None else grace
    started = time.monotonic()
    hook: Mapping[str, Any] = pod.container["lifecycle"]["preStop"] if pre_stop else {}
    if "sleep" in hook:
        time.sleep(hook["sleep"]["seconds"])
    elif hook:
        passes(engine, {**hook, "timeoutSeconds": grace})
    if engine.is_running:
        engine.terminate()
    code = engine.exit_code(started + grace - time.monotonic())
    if code is None:
        engine.kill()
    return Ending(exit_code=code)


def _succeeds(
    engine: Engine, words: Sequence[str], environment: Mapping[str, str], seconds: float
) -> bool:
    try:
        done = subprocess.run(
            engine.inside([engine.command.sandbox.here(word) for word in words]),
            env=dict(environment),
            cwd=engine.command.sandbox.folder,
            check=False,
            capture_output=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
