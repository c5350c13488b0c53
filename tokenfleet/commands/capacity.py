"""``tokenfleet capacity``: spot capacity, and what the policy makes of it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tokenfleet.capacity.forecast import Forecaster, ModelForecast
from tokenfleet.capacity.protocol import ProtocolError, answers
from tokenfleet.capacity.question import Question, questions
from tokenfleet.capacity.traces.trace import CapacityTrace
from tokenfleet.capacity.traces.trace_file import read_trace
from tokenfleet.commands.answers import (
    AnswersPath,
    AsJson,
    ProjectFolder,
    answers_of,
    console,
    fail,
    fail_unwritten,
    say_json,
    stack_file_of,
)
from tokenfleet.commands.asked.planned import planned
from tokenfleet.commands.asked.stack_name import DEFAULT_STACK, StackOption, StackWord, given_stack
from tokenfleet.commands.capacity_status import status_command
from tokenfleet.commands.progress import steps
from tokenfleet.given_file import GivenFileError
from tokenfleet.json_document import Schema
from tokenfleet.views.drawing.charts.capacity import write_plots
from tokenfleet.views.screens.capacity import forecasts

_CARE = typer.Option(min=0, max=10, help="0 cheapest, 1 balanced, 2 or more careful")
_SPARE = typer.Option(min=0, help="spot nodes beyond what is wanted")


@dataclass(frozen=True, kw_only=True)
class CapacityAnswer:
    """What to expect of a stack's models on spot; ``capacity`` says on which."""

    stack: str
    capacity: str
    models: Sequence[ModelForecast]


class _ForecastUnlessNamed(TyperGroup):
    """``tokenfleet capacity prod`` is its forecast."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - a class that Typer keeps private
        if (args[0] if args else "") not in {*self.commands, "-h", "--help"}:
            args = ["forecast", *args]
        return super().parse_args(ctx, args)


capacity = typer.Typer(cls=_ForecastUnlessNamed, add_completion=False)


@capacity.callback()
def capacity_commands() -> None:
    """Play the stack's spot policy on spot capacity over time, beside other policies."""


@capacity.command("forecast")
def forecast_command(
    word: StackWord = None,
    *,
    named: StackOption = None,
    project: ProjectFolder = Path(),
    answers: AnswersPath = None,
    traces: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="recorded capacity, several times; drawn if not given"),
    ] = None,
    days: Annotated[int, typer.Option(min=3, max=365, help="days to draw")] = 30,
    seed: Annotated[int, typer.Option(help="of what is drawn")] = 1,
    replicas: Annotated[
        int | None, typer.Option(min=1, max=64, help="of every model; its fewest if not given")
    ] = None,
    care: Annotated[float | None, _CARE] = None,
    spare: Annotated[int | None, _SPARE] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="also write a plot of each model into it")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how often all replicas will serve on spot and what that costs (the default command)."""
    stack = given_stack(word, named) or DEFAULT_STACK
    stack_file = stack_file_of(project.resolve(), stack, answers_of(answers))
    plan = planned(stack_file)
    asked = questions(plan, replicas=replicas, care=care, spare=spare)
    if not asked:
        fail(f"{stack_file.path.name}: no model on a spot tier")
    recorded = [_recorded(path) for path in traces or ()]
    if recorded:
        source = f"recorded, {', '.join(trace.name for trace in recorded)}"
    else:
        source = f"drawn, {days} days, seed {seed}, spells as in public traces of 2023"
    found = _forecasts(asked, Forecaster(recorded, days=days, seed=seed), silent=as_json)
    if svg is not None:
        try:
            write_plots(svg, found)
        except OSError as error:
            fail_unwritten("--svg", svg, error)
    if as_json:
        answer = CapacityAnswer(stack=stack, capacity=source, models=found)
        say_json(Schema.CAPACITY, answer)
    else:
        console().print(forecasts(found, source))


def _recorded(path: Path) -> CapacityTrace:
    try:
        return read_trace(path)
    except FileNotFoundError:
        fail(f"--traces {path}: there is no such file")
    except GivenFileError as error:
        fail(f"--traces {path}: {error}")


def _forecasts(
    asked: Sequence[Question], forecaster: Forecaster, *, silent: bool
) -> Sequence[ModelForecast]:
    with steps(silent=silent) as begin:
        advance = begin("Replaying", sum(map(forecaster.replays, asked)))
        return [forecaster.of(each, lambda: advance(1)) for each in asked]


@capacity.command()
def policy(care: Annotated[float, _CARE] = 1, spare: Annotated[int, _SPARE] = 0) -> None:
    """Let the policy be judged: an observation a line in, what it wants a line out, as JSON.

    The protocol is that of tokenfleet/capacity/protocol.py. Ends with 2 at a line that is none.
    """
    try:
        for answer in answers(sys.stdin, care=care, spare=spare):
            typer.echo(answer)
            sys.stdout.flush()
    except ProtocolError as error:
        fail(str(error))


capacity.command("status")(status_command)
