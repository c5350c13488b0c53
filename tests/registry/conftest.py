"""A fake registry, and a messenger that does not sit and wait."""

from collections.abc import Iterator

import pytest

from tests.registry.fake_registry import FakeRegistry
from tokenfleet.registry.messenger import Messenger


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    """A registry without anything in it."""
    with FakeRegistry() as running:
        yield running


@pytest.fixture
def waited() -> list[float]:
    """How long the messenger would have waited, each time."""
    return []


@pytest.fixture
def messenger(waited: list[float]) -> Iterator[Messenger]:
    """Impatient: a second is long on loopback."""
    running = Messenger(timeout_seconds=0.5, whole_answer_seconds=1.0, wait=waited.append)
    yield running
    running.close()
