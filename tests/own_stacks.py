"""The stacks that tests and pages of the docs are about: a project of their own, below ``tests/stacks``.

The order forms at the root are their user's to edit; only ``tests/order_forms`` reads those.
"""

from pathlib import Path

from tokenfleet.settings.project_file import read_project
from tokenfleet.settings.stack_file import StackFile, read_stack_file

FOLDER = Path(__file__).parent / "stacks"
STACKS = ("dev", "prod")


def own_stack(name: str) -> StackFile:
    """The file of a stack of the tests."""
    return read_stack_file(read_project(FOLDER), name)
