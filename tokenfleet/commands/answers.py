"""How every command answers: one console, one JSON object, and mistakes with exit code 2."""

import datetime as dt
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn, TextIO, cast

import typer
from rich.console import Console

from tokenfleet.counted import count
from tokenfleet.json_document import Schema, json_document
from tokenfleet.mistakes import Located, StackError, located
from tokenfleet.refusal import RefusedError
from tokenfleet.settings.answers_file import AnswersFile, read_answers
from tokenfleet.settings.project_file import read_project
from tokenfleet.settings.stack_file import StackFile, read_stack_file
from tokenfleet.settings.yaml_file import FileError

BROKEN_RULE = 3
FAILED_VERDICT = 4
_WIDTH_WITHOUT_TERMINAL = 140
_NARROWEST, _DIGITS = 20, 5

ProjectFolder = Annotated[
    Path, typer.Option("--project", help="folder of Pulumi.yaml", file_okay=False, exists=True)
]
AnswersPath = Annotated[
    Path | None,
    typer.Option(
        "--answers",
        metavar="FILE",
        help="YAML file of what environments, other stacks and functions answer",
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="end with 4 for verdicts that only warn, too")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for machines")]


def fail(*lines: str, mistakes: Sequence[Located] = ()) -> NoReturn:
    """End with exit code 2, and with what is wrong: ``mistakes`` is what the lines say of files."""
    raise RefusedError(lines, mistakes)


def fail_stack(stack_file: StackFile, error: StackError, *before: str) -> NoReturn:
    """Fail with every mistake of a stack file and the line it is on."""
    name = stack_file.path.name
    lines = {mistake: stack_file.line_of(mistake.path) for mistake in error.mistakes}
    found = [
        located(name, line, mistake)
        for mistake, line in sorted(lines.items(), key=lambda entry: (entry[1] or 0, entry[0]))
    ]
    heading = f"{name}: {count(len(error.mistakes), 'mistake')}"
    fail(*before, heading, *(f"  {each.text}" for each in found), mistakes=found)


def fail_unwritten(option: str, folder: Path, error: OSError) -> NoReturn:
    """Fail because nothing can be written into a folder, or because it is none."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        fail(f"{option} {folder}: is a file, or below one: give a folder")
    fail(f"{option} {folder}: {error.strerror}")


def say_json(schema: Schema, answer: object) -> None:
    """Print the answer of ``--json``, a dataclass."""
    typer.echo(json_document(schema, answer))


def console() -> Console:
    """As wide as COLUMNS or the terminal says, also where the answer goes through a pipe.

    Text is text: names such as [batch] or :key: are no markup and no emoji, whoever prints them.
    """
    asked = os.environ.get("COLUMNS", "")
    width = int(asked) if asked.isdecimal() and len(asked) < _DIGITS else _terminal_width()
    return Console(markup=False, emoji=False, width=max(width, _NARROWEST))


def _terminal_width() -> int:
    # The standard library looks at standard output alone, which is the pipe of `| less`.
    for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
        with suppress(AttributeError, ValueError, OSError):
            if columns := os.get_terminal_size(cast("TextIO", stream).fileno()).columns:
                return columns
    return _WIDTH_WITHOUT_TERMINAL


def today() -> dt.date:
    """The day it is, in UTC as AWS's prices are."""
    return dt.datetime.now(dt.UTC).date()


def stack_file_of(project: Path, stack: str, answers: AnswersFile | None = None) -> StackFile:
    """Read a stack file of the project in a folder, or fail."""
    try:
        found = read_project(project)
        return read_stack_file(found, stack, answers.environments if answers else {})
    except FileError as error:
        fail(*str(error).splitlines(), mistakes=error.mistakes)


def answers_of(path: Path | None) -> AnswersFile | None:
    """Read an answers file, or fail."""
    try:
        return path and read_answers(path)
    except FileError as error:
        fail(*str(error).splitlines(), mistakes=error.mistakes)
