"""The recordings that mistakes are planted into."""

import dataclasses
from typing import cast

import pytest

from tests.own_stacks import own_stack
from tests.today import TODAY
from tokenfleet.preview.run import preview_stack
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorded import Recording
from tokenfleet.recording.recorder import record


def _recording(stack: str, **network: object) -> Recording:
    """What a stack asks for, and more of its network."""
    stack_file = own_stack(stack)
    keys = dict(stack_file.keys)
    keys["network"] = {**cast("dict[str, object]", keys["network"]), **network}
    return preview_stack(dataclasses.replace(stack_file, keys=keys), TODAY).recording


@pytest.fixture(scope="session")
def dev() -> Recording:
    """What the dev stack asks for."""
    return _recording("dev")


@pytest.fixture(scope="session")
def prod() -> Recording:
    """What the prod stack asks for, and interface endpoints, which have mistakes too."""
    return _recording("prod", interfaceEndpoints=["ecr.api", "ecr.dkr", "sts"])


@pytest.fixture(scope="session")
def preview() -> Recording:
    """The dev stack as it is before anything of it exists."""
    file = own_stack("dev")
    found = file.project
    configured = Configured(found.name, file.keys, sorted(file.secrets), file.others)
    return record(found.program, found.name, "dev", configured, "preview", root=found.folder)
