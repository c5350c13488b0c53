"""The recordings that mistakes are planted into."""

from pathlib import Path

import pytest

from tests.today import TODAY
from tokenfleet.preview.run import preview_stack
from tokenfleet.recording.recorded import Recording
from tokenfleet.settings.stack_file import read_stack_file


def _recording(stack: str) -> Recording:
    return preview_stack(
        read_stack_file(Path(__file__).parents[2], stack, "tokenfleet"), TODAY
    ).recording


@pytest.fixture(scope="session")
def dev() -> Recording:
    """What the committed dev stack asks for."""
    return _recording("dev")


@pytest.fixture(scope="session")
def prod() -> Recording:
    """What the committed prod stack asks for."""
    return _recording("prod")
