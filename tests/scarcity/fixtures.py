"""The stand-in as a fixture, for the conftest.py of a room whose tests need it."""

from collections.abc import Iterator

import pytest

from tests.scarcity.scarcity import Scarcity


@pytest.fixture(scope="session")
def scarcity_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scarcity]:
    """One server for all tests."""
    running = Scarcity(tmp_path_factory.mktemp("scarcity"))
    yield running
    running.stop()


@pytest.fixture
def scarcity(scarcity_server: Scarcity) -> Scarcity:
    """A region in which nothing has happened yet."""
    scarcity_server.reset()
    return scarcity_server
