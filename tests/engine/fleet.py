"""The engines of a test run: where they are, and that none is left."""

import socket
import uuid
from collections.abc import Mapping
from pathlib import Path

from tests.engine.containers import Container
from tests.engine.differences import command_of
from tests.engine.engine import Engine
from tests.engine.install import EngineTools


class Engines:
    """Starts engines in folders of their own; ``stop`` ends all of them."""

    def __init__(self, tools: EngineTools, folder: Path) -> None:
        self._tools, self._folder = tools, folder
        self._started: list[Engine] = []

    def start(self, container: Container, changes: Mapping[str, str] | None = None) -> Engine:
        """Start a rendered container, with a test's own arguments; it is not healthy yet."""
        folder = self._folder / f"engine-{len(self._started)}"
        folder.mkdir()
        command = command_of(
            container,
            self._tools,
            port=_free_port(),
            folder=folder,
            secrets={"vllm-api-key": uuid.uuid4().hex},
            changes=changes,
        )
        self._started.append(Engine(command, folder))
        return self._started[-1]

    def stop(self) -> None:
        """End all that still run."""
        for engine in self._started:
            engine.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
