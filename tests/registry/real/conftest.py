"""One real registry a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.tools import ToolsMissing, binary
from tests.registry.real.registry_server import RegistryServer
from tokenfleet.registry.messenger import Messenger


@pytest.fixture(scope="session")
def registry_binary() -> Path:
    """The registry; a test without it is skipped, with the way to get it."""
    try:
        return binary("registry")
    except ToolsMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def registry(
    registry_binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RegistryServer]:
    """A registry that anybody may push to."""
    with RegistryServer(registry_binary, tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def messenger() -> Iterator[Messenger]:
    """As patient as a command: a real registry on a busy machine may take its time."""
    running = Messenger()
    yield running
    running.close()
