"""``tokenfleet preview``: what a stack would build."""

import webbrowser
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
from tokenfleet.commands.asked.stack_name import DEFAULT_STACK, StackOption, StackWord, given_stack
from tokenfleet.economics.judgement.verdict import failing
from tokenfleet.json_document import Schema
from tokenfleet.mistakes import StackError
from tokenfleet.preview.origin import origin_of
from tokenfleet.preview.run import preview_stack
from tokenfleet.views.folder import PAGE, FolderError, write_folder
from tokenfleet.views.screens.preview import show

_OUT = Path("out")


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
    open_page: Annotated[
        bool,
        typer.Option(
            "--open", help=f"also open {PAGE} in the browser; without --out it is in ./{_OUT}"
        ),
    ] = False,
    only_json: Annotated[
        bool, typer.Option("--only-json", help="into --out only the two JSON documents, sooner")
    ] = False,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Run the program without cloud or Pulumi CLI and show what it would build.

    Ends with 0 when all is well, 2 when the stack cannot be built, 3 when a rule is broken, 4
    when a verdict fails.
    """
    day = today()
    given = answers_of(answers)
    stack_file = stack_file_of(project.resolve(), given_stack(stack, named) or DEFAULT_STACK, given)

    try:
        done = preview_stack(stack_file, day, given)
    except StackError as error:
        fail_stack(stack_file, error)
    except pulumi.RunError as error:
        fail(*str(error).splitlines())
    _check(out, only_json=only_json, open_page=open_page)
    if out is None and open_page:
        out = _OUT
    if out is not None:
        origin = origin_of(stack_file.project.folder, day)
        try:
            write_folder(out, done.report, done.recording, origin, only_json=only_json)
        except FolderError as error:
            fail(f"--out {error}")
    if as_json:
        say_json(Schema.PREVIEW, done.report)
    else:
        show(done.report, console())
    if out is not None and open_page:
        _open(out / PAGE)
    if done.report.findings:
        raise typer.Exit(BROKEN_RULE)
    if failing(done.report.cost.verdicts, strict=strict):
        raise typer.Exit(FAILED_VERDICT)


def _check(out: Path | None, *, only_json: bool, open_page: bool) -> None:
    if only_json and (out is None or open_page):
        fail("--only-json: says what goes into --out FOLDER, and --open needs more than that")


def _open(page: Path) -> None:
    """Show a page, or say where it is; on standard error, which is not the answer."""
    place = page.resolve()
    try:
        opened = webbrowser.open(place.as_uri())
    except webbrowser.Error:
        opened = False
    said = "opened in the browser" if opened else "no browser can be opened here, the page is"
    typer.echo(f"{said}: {place}", err=True)
