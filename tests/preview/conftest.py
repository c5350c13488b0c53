"""Reports of the committed stacks."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from tokenfleet.plan.decide import decide
from tokenfleet.preview.recorder import Configured, record
from tokenfleet.preview.report import Report, build_report
from tokenfleet.project import PROJECT
from tokenfleet.settings.stack_file import StackFile


@pytest.fixture(scope="session")
def report_of(root: Path, stack_files: Mapping[str, StackFile]) -> Callable[[str], Report]:
    """The report of a committed stack."""

    @cache
    def report(stack: str) -> Report:
        file = stack_files[stack]
        plan = decide(file.keys, stack, root, file.mistakes)
        configured = Configured(PROJECT, file.keys, sorted(file.secrets))
        recording = record(root, PROJECT, stack, configured, "deployment")
        return build_report(plan, recording, secrets=file.secrets)

    return report
