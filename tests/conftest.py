"""The committed stacks, and edits of them."""

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.project import PROJECT
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorded import Mode, Recording
from tokenfleet.recording.recorder import record
from tokenfleet.settings.project_file import read_project
from tokenfleet.settings.stack_file import StackFile, read_stack_file

ROOT = Path(__file__).parents[1]
STACKS = ("dev", "prod")
_REAL_SERVERS = {
    ROOT / "tests" / folder for folder in ("cluster", "engine", "registry/real", "storage")
}

# Speed is measured by bench/, as a ratio within one run; on a busy machine a deadline is luck.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

Keys = dict[str, Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--write-golden`` replaces the golden files by what is rendered now."""
    parser.addoption("--write-golden", action="store_true", help="write tests/golden anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in these folders drives real servers."""
    for item in items:
        if not _REAL_SERVERS.isdisjoint(item.path.parents):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def stack_files() -> Mapping[str, StackFile]:
    """The committed stack files by stack."""
    return {stack: read_stack_file(read_project(ROOT), stack) for stack in STACKS}


@pytest.fixture
def keys_of(stack_files: Mapping[str, StackFile]) -> Callable[[str], Keys]:
    """A copy of a committed stack's keys, to be edited."""
    return lambda stack: copy.deepcopy(dict(stack_files[stack].keys))


@pytest.fixture(scope="session")
def plan_of() -> Callable[[Mapping[str, Any]], Plan]:
    """The plan of some keys, as stack dev."""
    return lambda keys: decide(keys, "dev", ROOT)


@pytest.fixture(scope="session")
def recording_of() -> Callable[[Mapping[str, Any], Mode], Recording]:
    """What the real program asks for, given some keys, as stack dev."""
    return lambda keys, mode: record(ROOT, PROJECT, "dev", Configured(PROJECT, keys, []), mode)
