"""From a stack file to its report: plan, both recordings, rules."""

import datetime as dt
from dataclasses import dataclass

from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.report import Report, build_report
from tokenfleet.project import PROJECT
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorded import Recording
from tokenfleet.recording.recorder import record
from tokenfleet.settings.stack_file import StackFile


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A stack's plan, what its program asked for, and the report on both."""

    plan: Plan
    recording: Recording
    report: Report


def preview_stack(stack_file: StackFile, today: dt.date) -> Preview:
    """Plan the stack, run its program twice, and report; prices are judged by ``today``.

    The first run is a preview, with everything unknown that the cloud invents: it fails where
    the program needs such a value too early. The second is a deployment, and what is shown.

    Raises:
        StackError: when the stack cannot be built.
    """
    project = stack_file.path.parent
    plan = decide(stack_file.keys, stack_file.stack, project, stack_file.mistakes)
    configured = Configured(PROJECT, stack_file.keys, sorted(stack_file.secrets))
    record(project, PROJECT, stack_file.stack, configured, "preview")
    recording = record(project, PROJECT, stack_file.stack, configured, "deployment")
    return Preview(
        plan=plan,
        recording=recording,
        report=build_report(
            plan,
            recording,
            today=today,
            secrets=stack_file.secrets,
            ignored=stack_file.ignored,
        ),
    )
