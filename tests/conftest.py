"""The stacks of the tests, and edits of them."""

import copy
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.own_stacks import FOLDER, STACKS, own_stack
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.project import PROJECT
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorded import Mode, Recording
from tokenfleet.recording.recorder import record
from tokenfleet.settings.stack_file import StackFile

ROOT = Path(__file__).parents[1]
_REAL_SERVERS = {
    ROOT / "tests" / folder for folder in ("cluster", "edge", "engine", "registry/real", "storage")
}

# Speed is measured by bench/, as a ratio within one run; on a busy machine a deadline is luck.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# What commands print is as wide on every terminal that tests are started from.
os.environ["COLUMNS"] = "140"

Keys = dict[str, Any]


def _forms_are_their_users(event: str, arguments: tuple[object, ...]) -> None:
    """Whoever edits an order form breaks no test but those of what holds of any."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "")
    if event != "open" or not test or test.startswith("tests/order_forms/"):
        return
    if isinstance(arguments[0], str | Path):
        path = Path(arguments[0]).absolute()
        if path.parent == ROOT and path.match("Pulumi.*yaml"):
            msg = f"{path.name} is its user's to edit: tests are about the stacks of tests/own_stacks.py"
            raise AssertionError(msg)


sys.addaudithook(_forms_are_their_users)


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
    """The folder of this repository."""
    return ROOT


@pytest.fixture(scope="session")
def own_project() -> Path:
    """The folder of the tests' own project: what commands are given with ``--project``."""
    return FOLDER


@pytest.fixture(scope="session")
def stack_files() -> Mapping[str, StackFile]:
    """The stack files of the tests by stack."""
    return {stack: own_stack(stack) for stack in STACKS}


@pytest.fixture
def keys_of(stack_files: Mapping[str, StackFile]) -> Callable[[str], Keys]:
    """A copy of a stack's keys, to be edited."""
    return lambda stack: copy.deepcopy(dict(stack_files[stack].keys))


@pytest.fixture(scope="session")
def plan_of() -> Callable[[Mapping[str, Any]], Plan]:
    """The plan of some keys, as stack dev."""
    return lambda keys: decide(keys, "dev", ROOT)


@pytest.fixture(scope="session")
def recording_of() -> Callable[[Mapping[str, Any], Mode], Recording]:
    """What the real program asks for, given some keys, as stack dev."""
    return lambda keys, mode: record(ROOT, PROJECT, "dev", Configured(PROJECT, keys, []), mode)
