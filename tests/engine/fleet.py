"""The engines of a test run: where they are, how many serve, and that none is left."""

import itertools
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.engine import kubelet
from tests.engine.containers import Pod
from tests.engine.differences import Command, command_of
from tests.engine.engine import Engine
from tests.engine.install import EngineTools
from tests.guarded import free_port


class Engines:
    """Starts engines in folders of their own; ``stop`` ends all of them."""

    def __init__(self, tools: EngineTools, folder: Path) -> None:
        self._tools, self._folder = tools, folder
        self._started: list[Engine] = []
        self._numbers = itertools.count()

    def start(
        self,
        pod: Pod,
        *,
        model: Path | None = None,
        arguments: Mapping[str, str | None] | None = None,
        environment: Mapping[str, str] | None = None,
        key: str | None = None,
        place: str | None = None,
        prepare: Callable[[Command], object] | None = None,
    ) -> Engine:
        """Start the engine of a rendered pod, with a test's own changes; it is not ready yet.

        What was in the folder named ``place`` is gone: vLLM names its cache also by its paths, so
        that those who share one need the same. ``prepare`` is called once its volumes are there.
        ``key`` is the engine's own, which those behind one edge share.
        """
        folder = self._folder / (place or f"engine-{next(self._numbers)}")
        if place:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        command = command_of(
            pod,
            self._tools,
            model or self._tools.model,
            port=free_port(),
            folder=folder,
            secrets={
                "vllm-api-key": {"value": key or uuid.uuid4().hex},
                "vllm-metrics-key": {"value": uuid.uuid4().hex},
            },
            arguments=arguments or {},
            environment=environment or {},
        )
        if prepare:
            prepare(command)
        self._started.append(Engine(command, folder))
        return self._started[-1]

    def stop(self) -> None:
        """End all that still run."""
        for engine in self._started:
            engine.stop()


class Replicas:
    """Ready engines of one pod, shared by tests; those that a test ended are started anew."""

    # By turns, so that the memory of the cache can be told from that of everything else.
    KV_GIB = (1, 2)

    def __init__(
        self,
        engines: Engines,
        pod: Pod,
        *,
        arguments: Mapping[str, str | None] | None = None,
        environment: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> None:
        self.pod = pod
        self._environment = environment or {}
        self._engines, self._arguments, self._key = engines, arguments, key
        self._kept: list[Engine] = []
        self._number = 0

    def start(self) -> Engine:
        """Another replica; it is not ready yet."""
        kv_gib = self.KV_GIB[self._number % len(self.KV_GIB)]
        self._number += 1
        self._kept.append(
            self._engines.start(
                self.pod,
                arguments=self._arguments,
                environment={"VLLM_CPU_KVCACHE_SPACE": str(kv_gib), **self._environment},
                key=self._key,
            )
        )
        return self._kept[-1]

    def ready(self, count: int) -> Sequence[Engine]:
        """That many replicas that serve."""
        self._kept = [engine for engine in self._kept if engine.is_running]
        for _ in range(count - len(self._kept)):
            self.start()
        return [kubelet.await_ready(engine, self.pod) for engine in self._kept[:count]]
