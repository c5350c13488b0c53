"""The command line: one subcommand a file in ``tokenfleet.commands``."""

import typer

from tokenfleet.commands.catalogue import catalogue
from tokenfleet.commands.coldstart import coldstart
from tokenfleet.commands.compare import compare
from tokenfleet.commands.compile import compile_model
from tokenfleet.commands.cost import cost
from tokenfleet.commands.explain import explain
from tokenfleet.commands.models import models
from tokenfleet.commands.preview import preview
from tokenfleet.commands.publish import publish

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def tokenfleet() -> None:
    """Fleets on AWS that serve open-weight LLMs: what will be built, and what it costs."""


app.command()(preview)
app.command()(coldstart)
app.command()(compare)
app.command()(cost)
app.command()(explain)
app.command()(publish)
app.command()(models)
app.command("compile")(compile_model)
app.add_typer(catalogue, name="catalogue")


def main() -> None:
    """The entry point of the ``tokenfleet`` command."""
    app()
