"""``tokenfleet capacity``: spot capacity, and what the policy makes of it."""

import sys
from typing import Annotated

import typer

from tokenfleet.capacity.protocol import ProtocolError, answers
from tokenfleet.commands.answers import fail

Care = Annotated[
    float, typer.Option(min=0, max=10, help="0 cheapest, 1 balanced, 2 or more careful")
]
Spare = Annotated[int, typer.Option(min=0, help="spot nodes beyond what is wanted")]

capacity = typer.Typer(no_args_is_help=True, add_completion=False)


@capacity.callback()
def capacity_commands() -> None:
    """Play the stack's spot policy on spot capacity over time, beside other policies."""


@capacity.command()
def policy(care: Care = 1, spare: Spare = 0) -> None:
    """Let the policy be judged: an observation a line in, what it wants a line out, as JSON.

    The protocol is that of tokenfleet/capacity/protocol.py. Ends with 2 at a line that is none.
    """
    try:
        for answer in answers(sys.stdin, care=care, spare=spare):
            typer.echo(answer)
            sys.stdout.flush()
    except ProtocolError as error:
        fail(str(error))
