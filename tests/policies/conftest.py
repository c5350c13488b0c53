"""The recordings that mistakes are planted into."""

import dataclasses
from pathlib import Path
from typing import cast

import pytest

from tests.today import TODAY
from tokenfleet.preview.run import preview_stack
from tokenfleet.recording.recorded import Recording
from tokenfleet.settings.project_file import read_project
from tokenfleet.settings.stack_file import read_stack_file


def _recording(stack: str, **network: object) -> Recording:
    """What a committed stack asks for, and more of its network."""
    stack_file = read_stack_file(read_project(Path(__file__).parents[2]), stack)
    keys = dict(stack_file.keys)
    keys["network"] = {**cast("dict[str, object]", keys["network"]), **network}
    return preview_stack(dataclasses.replace(stack_file, keys=keys), TODAY).recording


@pytest.fixture(scope="session")
def dev() -> Recording:
    """What the committed dev stack asks for."""
    return _recording("dev")


@pytest.fixture(scope="session")
def prod() -> Recording:
    """What the committed prod stack asks for, and interface endpoints, which have mistakes too."""
    return _recording("prod", interfaceEndpoints=["ecr.api", "ecr.dkr", "sts"])
