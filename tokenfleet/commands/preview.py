"""``tokenfleet preview``: what a stack would build."""

from pathlib import Path
from typing import Annotated

import pulumi
import typer

from tokenfleet.commands.answers import (
    BROKEN_RULE,
    FAILED_VERDICT,
    AnswersPath,
    AsJson,
    ProjectFolder,
    Strict,
    answers_of,
    console,
    fail,
    fail_stack,
    say_json,
    stack_file_of,
    today,
)
from tokenfleet.commands.stack_name import DEFAULT_STACK, StackOption, StackWord, given_stack
from tokenfleet.economics.judgement.verdict import failing
from tokenfleet.json_document import Schema
from tokenfleet.mistakes import StackError
from tokenfleet.preview.run import preview_stack
from tokenfleet.views.folder import FolderError, write_folder
from tokenfleet.views.screens.preview import show


def preview(
    stack: StackWord = None,
    project: ProjectFolder = Path(),
    out: Annotated[
        Path | None,
        typer.Option(help="also write manifests, user data and reports into this folder"),
    ] = None,
    answers: AnswersPath = None,
    *,
    named: StackOption = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Run the program without cloud or Pulumi CLI and show what it would build.

    Ends with 0 when all is well, 2 when the stack cannot be built, 3 when a rule is broken, 4
    when a verdict fails.
    """
    given = answers_of(answers)
    stack_file = stack_file_of(project.resolve(), given_stack(stack, named) or DEFAULT_STACK, given)

    try:
        done = preview_stack(stack_file, today(), given)
    except StackError as error:
        fail_stack(stack_file, error)
    except pulumi.RunError as error:
        fail(*str(error).splitlines())
    if out is not None:
        try:
            write_folder(out, done.report, done.recording)
        except FolderError as error:
            fail(f"--out {error}")
    if as_json:
        say_json(Schema.PREVIEW, done.report)
    else:
        show(done.report, console())
    if done.report.findings:
        raise typer.Exit(BROKEN_RULE)
    if failing(done.report.cost.verdicts, strict=strict):
        raise typer.Exit(FAILED_VERDICT)
