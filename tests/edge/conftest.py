"""Fixtures: real Envoys and scripted engines, none of which outlives its test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.tools import ToolsMissing
from tests.edge.dns import Resolver, resolver
from tests.edge.edges import Edges
from tests.edge.envoy import envoy_binary


@pytest.fixture(scope="session", autouse=True)
def binary() -> Path:
    """Envoy; a test without it is skipped, with the way to get it."""
    try:
        return envoy_binary()
    except ToolsMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def edges(tmp_path: Path) -> Iterator[Edges]:
    """Starts Envoys and engines for one test."""
    running = Edges(tmp_path)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def module_edges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edges]:
    """Starts Envoys and engines for the tests of a file."""
    running = Edges(tmp_path_factory.mktemp("edge"))
    yield running
    running.stop()


@pytest.fixture
def names(tmp_path: Path) -> Iterator[Resolver]:
    """A resolver that knows nobody yet; a test is skipped where there is none and no Go."""
    try:
        with resolver(tmp_path) as running:
            yield running
    except ToolsMissing as missing:
        pytest.skip(str(missing))
