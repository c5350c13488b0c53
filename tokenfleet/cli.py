"""The command line: ``tokenfleet preview`` and what it answers to a bad stack."""

import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from tokenfleet.mistakes import StackError
from tokenfleet.plan.plain import plain
from tokenfleet.project import PROJECT
from tokenfleet.settings.stack_file import StackFile, StackFileError, read_stack_file

BAD_STACK, BROKEN_RULE = 2, 3
_WIDTH_WITHOUT_TERMINAL = 140

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def tokenfleet() -> None:
    """Fleets on AWS that serve open-weight LLMs: what will be built, and what it costs."""


@app.command()
def preview(
    stack: Annotated[str, typer.Argument(help="name of the stack: Pulumi.STACK.yaml")] = "dev",
    project: Annotated[
        Path, typer.Option(help="folder of Pulumi.yaml", file_okay=False, exists=True)
    ] = Path(),
    out: Annotated[
        Path | None,
        typer.Option(help="also write manifests, user data and reports into this folder"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,  # noqa: FBT002 - a switch of the command line
) -> None:
    """Run the program without cloud or Pulumi CLI and show what it would build.

    Ends with 0 when all is well, 2 when the stack cannot be built, 3 when a rule is broken.
    """
    # A process that is over in two seconds needs no garbage collector (bench/preview.py).
    gc.disable()
    stack_file = _read(project.resolve(), stack)
    # Imported when needed: --help and a missing file should not wait for the providers.
    from tokenfleet.preview.run import preview_stack  # noqa: PLC0415 - see above

    try:
        done = preview_stack(stack_file)
    except StackError as error:
        _fail(*_located(stack_file, error))
    if out is not None:
        from tokenfleet.preview.folder import FolderError, write_folder  # noqa: PLC0415 - see above

        try:
            write_folder(out, done.report, done.recording)
        except FolderError as error:
            _fail(f"--out {error}")
    if as_json:
        typer.echo(json.dumps(plain(done.report), indent=2))
    else:
        from tokenfleet.preview.terminal import show  # noqa: PLC0415 - see above

        show(done.report, _console())
    if done.report.findings:
        raise typer.Exit(BROKEN_RULE)


def _read(project: Path, stack: str) -> StackFile:
    for name in ("Pulumi.yaml", "__main__.py"):
        if not (project / name).is_file():
            _fail(f"{project} holds no {name}: run this in the project's folder or give --project")
    try:
        return read_stack_file(project, stack, PROJECT)
    except StackFileError as error:
        _fail(str(error))


def _located(stack_file: StackFile, error: StackError) -> Iterator[str]:
    count = len(error.mistakes)
    yield f"{stack_file.path.name}: {count} {'mistake' if count == 1 else 'mistakes'}"
    lines = {mistake: stack_file.line_of(mistake.path) for mistake in error.mistakes}
    for mistake, line in sorted(lines.items(), key=lambda entry: (entry[1] or 0, entry[0])):
        where = f"{stack_file.path.name}:{line}: " if line else ""
        yield f"  {where}{mistake}"


def _fail(*lines: str) -> NoReturn:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(BAD_STACK)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_WITHOUT_TERMINAL)


def main() -> None:
    """The entry point of the ``tokenfleet`` command."""
    app()
