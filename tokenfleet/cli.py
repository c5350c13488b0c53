"""The command line: one subcommand a file in ``tokenfleet.commands``, loaded when it is called."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from tokenfleet.plain_text import visible
from tokenfleet.project import PROJECT
from tokenfleet.refusal import BAD_INPUT, RefusedError, asks_for_json, refusal_document

COMMANDS: Mapping[str, str] = {
    "preview": "Run the program without cloud or Pulumi CLI and show what it would build.",
    "review": "Say what becomes of every stack between two revisions: changes, danger, effects, money.",
    "cost": "Price a stack: the whole bill, and tokens at its load, flat out, and over all loads.",
    "explain": "Say how a model is served: every flag, variable, size and time, with its reason.",
    "compare": "Rank every instance type that can serve a model at a load within an objective.",
    "capacity": "Play the stack's spot policy on spot capacity over time, beside other policies.",
    "simulate": "Play a day of requests on a model's replicas: who waits, who is refused, what it takes.",
    "advise": "Ask your AWS account what would block `pulumi up`, or make spot a bad idea.",
    "coldstart": "Predict the seconds from a pod that finds no node to a model that answers.",
    "publish": "Put a model revision into the bucket: checked, resumable, visible only when whole.",
    "models": "List the model revisions in the bucket, and whether each is whole.",
    "compile": "Print the Kubernetes Job that compiles a model and publishes the result to the bucket.",
    "bake": "Print the CloudFormation template that bakes a machine image with the engine unpacked on it.",
    "catalogue": "The dated facts that every figure comes from.",
}
"""Each command, a function in the module of its name in ``tokenfleet.commands``, and how its help begins."""


_EMPTY = re.compile("--[a-z0-9-]+=")


class _Lazy(TyperGroup):
    """Imports the module of a command when that is called: others may need seconds to load.

    Click's documented pattern ("Lazily Loading Subcommands"); what lists commands gets by with
    their first lines.
    """

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - Typer's to choose
        super().__init__(**attributes)
        self.commands = {
            name: TyperCommand(name, help=summary) for name, summary in COMMANDS.items()
        }

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: Any = None,  # noqa: ANN401 - a class that Typer keeps private
        **extra: Any,  # noqa: ANN401 - Typer's to choose
    ) -> Any:  # noqa: ANN401 - as above
        as_json = asks_for_json(args)
        with _refusals_said(as_json=as_json):
            context = super().make_context(info_name, args, parent, **extra)
        context.obj = as_json
        return context

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        with _refusals_said(as_json=ctx.obj):
            return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - a class that Typer keeps private
        """Refuses empty words, which a path would read as this folder and others as not given."""
        for before, word in zip([None, *args], args, strict=False):
            if not word or _EMPTY.fullmatch(word):
                flag = word or (before if before and before.startswith("--") else "an argument")
                raise RefusedError([f"{flag.rstrip('=')} is empty: give a value, or leave it out"])
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - classes that Typer keeps private
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed and loaded(str(name)), rest


@contextmanager
def _refusals_said(*, as_json: bool) -> Generator[None]:
    """On standard error, and with ``--json`` as an object on standard output, in the answer's place."""
    try:
        yield
    except RefusedError as refusal:
        for line in refusal.lines:
            typer.echo(line, err=True)
        if as_json:
            typer.echo(refusal_document(refusal.lines, refusal.mistakes))
        raise typer.Exit(BAD_INPUT) from None
    except typer.TyperException as refusal:
        # The option parser's own; Typer tells people, with the usage.
        if as_json:
            lines = [visible(refusal.format_message())]
            typer.echo(refusal_document(lines, exit_code=refusal.exit_code))
        raise


def loaded(name: str) -> Any:  # noqa: ANN401 - as above
    """The command of that name, with all that it needs."""
    module = import_module(f"tokenfleet.commands.{name}")
    command = getattr(module, name)
    if isinstance(command, typer.Typer):
        return typer.main.get_command(command)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(command)
    return typer.main.get_command(alone)


app = typer.Typer(
    cls=_Lazy,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - what Typer calls back with
    if asked:
        typer.echo(f"{PROJECT} {version(PROJECT)}")
        raise typer.Exit


@app.callback()
def tokenfleet(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="print it", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Fleets on AWS that serve open-weight LLMs: what will be built, and what it costs."""
