"""The plan of a stack, or every mistake of its file and exit code 2."""

from collections.abc import Mapping

from tokenfleet.commands.answers import fail_stack
from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import plan_of
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import StackFile


def planned(stack_file: StackFile, keys: Mapping[str, object] | None = None) -> Plan:
    """The plan of a stack file, or of edited ``keys`` in its place; or fail."""
    try:
        return plan_of(stack_file, keys)
    except StackError as error:
        fail_stack(stack_file, error)
