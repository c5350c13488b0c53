"""Reports of the stacks."""

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest

from tests.today import TODAY
from tokenfleet.plan.decide import decide
from tokenfleet.preview.report import Report, build_report
from tokenfleet.project import PROJECT
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorder import record
from tokenfleet.settings.stack_file import StackFile


class ReportOf(Protocol):
    """The report of a stack, on the day that tests live on or another."""

    def __call__(self, stack: str, today: dt.date = TODAY) -> Report: ...


@pytest.fixture(scope="session")
def report_of(root: Path, stack_files: Mapping[str, StackFile]) -> ReportOf:
    """The report of a stack."""

    @cache
    def report(stack: str, today: dt.date = TODAY) -> Report:
        file = stack_files[stack]
        plan = decide(file.keys, stack, root, file.mistakes)
        configured = Configured(PROJECT, file.keys, sorted(file.secrets))
        recording = record(root, PROJECT, stack, configured, "deployment")
        return build_report(plan, recording, today=today, secrets=file.secrets)

    return report
