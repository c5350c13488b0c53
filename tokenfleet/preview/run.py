"""From a stack file to its report: plan, both recordings, rules."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.plan.decide import plan_of
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.report import Report, build_report
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.lookups import Answers
from tokenfleet.recording.recorded import Mode, Recording
from tokenfleet.recording.recorder import record
from tokenfleet.settings.answers_file import AnswersFile
from tokenfleet.settings.keys import stand_ins
from tokenfleet.settings.stack_file import StackFile

_MODES: Sequence[Mode] = ("preview", "deployment")
_DEFAULT_PROVIDERS = ("aws:", "kubernetes:")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A stack's plan, what its program asked for, and the report on both."""

    plan: Plan
    recording: Recording
    report: Report


def preview_stack(
    stack_file: StackFile, today: dt.date, answers: AnswersFile | None = None
) -> Preview:
    """Plan the stack, run its program twice, and report; prices are judged by ``today``.

    The first run is a preview, with everything unknown that the cloud invents: it fails where
    the program needs such a value too early. The second is a deployment, and what is shown.

    Raises:
        StackError: when the stack cannot be built.
        pulumi.RunError: when its program does not run to its end; the text says where and why.
    """
    project = stack_file.project
    plan = plan_of(stack_file)
    _, recording = (
        record(
            project.program,
            project.name,
            stack_file.stack,
            Configured(
                project.name,
                stack_file.keys,
                stand_ins(stack_file.secrets, stack_file.keys),
                stack_file.others,
            ),
            mode,
            root=project.folder,
            answers=_answers(answers),
        )
        for mode in _MODES
    )
    return Preview(
        plan=plan,
        recording=recording,
        report=build_report(
            plan,
            recording,
            today=today,
            secrets=stack_file.secrets,
            ignored=_ignored(stack_file, recording),
        ),
    )


def _answers(given: AnswersFile | None) -> Answers | None:
    return given and Answers(
        stack_references=given.stack_references,
        functions=given.functions,
        resources=given.resources,
    )


def _ignored(stack_file: StackFile, recording: Recording) -> Sequence[str]:
    """Keys of default providers, where the program has none."""
    explicit = all(r.is_component or r.is_provider or r.provider for r in recording.resources)
    return [key for key in stack_file.others if explicit and key.startswith(_DEFAULT_PROVIDERS)]
