"""``tokenfleet simulate``: what a model's scaling rule serves, sheds and costs over a day."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tokenfleet.commands.answers import (
    AnswersPath,
    AsJson,
    ProjectFolder,
    answers_of,
    console,
    fail,
    fail_stack,
    say_json,
    stack_file_of,
)
from tokenfleet.commands.progress import steps
from tokenfleet.commands.stack_name import StackAndModel, StackOption, stack_and_model
from tokenfleet.elasticity.comparison import PLAYS, Comparison, compared
from tokenfleet.elasticity.frontier import Variant, choices, frontier
from tokenfleet.elasticity.load import MOST_REQUESTS, Days, Load, drawn, rise_and_fall
from tokenfleet.elasticity.recorded import Answers, recorded
from tokenfleet.elasticity.scene import Different, Scene, scene
from tokenfleet.estimate.refusal import CostError
from tokenfleet.given_file import GivenFileError
from tokenfleet.json_document import Schema
from tokenfleet.mistakes import StackError, nearest
from tokenfleet.plan.decide import plan_of
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.settings.what_if import StackEdit, edited
from tokenfleet.views.drawing.elasticity import write_plot
from tokenfleet.views.screens.simulated import simulated

_TIMES = 5
"""The busiest time over the quietest, where no shape is given."""


@dataclass(frozen=True, kw_only=True)
class SimulateAnswer:
    """What became of a load on a model's replicas; ``load`` says of which, ``frontier`` is empty unless asked for."""

    stack: str
    load: str
    requests: int
    seconds: int
    scene: Scene
    comparison: Comparison
    frontier: Sequence[Variant]


def simulate(
    words: StackAndModel,
    named: StackOption = None,
    project: ProjectFolder = Path(),
    *,
    answers: AnswersPath = None,
    requests_per_second: Annotated[
        float | None, typer.Option(help="mean load, in place of the stack file's")
    ] = None,
    input_tokens: Annotated[int | None, typer.Option(help="mean input length")] = None,
    output_tokens: Annotated[int | None, typer.Option(help="mean output length")] = None,
    day: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="loads of equal parts of a day; 1 to 5 if not given"),
    ] = None,
    cv: Annotated[
        float, typer.Option(min=0.1, max=10, help="of the time between requests; 1 is Poisson")
    ] = 2.0,
    spikes: Annotated[
        int, typer.Option(min=0, max=100, help="a day, 1.5 to 2.2 times the load for 5 to 15 min")
    ] = 8,
    answers_longer: Annotated[
        float, typer.Option(min=0.1, max=10, help="times as long as was known")
    ] = 1.0,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of recorded requests; drawn if not given"),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=31, help="days to draw")] = 1,
    seed: Annotated[int, typer.Option(help="of what is drawn")] = 1,
    target: Annotated[
        float | None, typer.Option(min=0.05, max=2, help="share of a replica's slots to be in use")
    ] = None,
    spare: Annotated[int | None, typer.Option(min=0, max=100, help="replicas on top")] = None,
    down_window: Annotated[
        int | None, typer.Option(min=0, max=3600, help="seconds of less load before one goes")
    ] = None,
    start: Annotated[float | None, typer.Option(min=1, max=7200, help="seconds of a start")] = None,
    least: Annotated[int | None, typer.Option("--min", min=1, max=1000, help="replicas")] = None,
    most: Annotated[int | None, typer.Option("--max", min=1, max=1000, help="replicas")] = None,
    with_frontier: Annotated[
        bool, typer.Option("--frontier", help="also other targets, spares and starts: minutes")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="also write a plot into it")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play a day of requests on a model's replicas: who waits, who is refused, what it takes.

    Ends with 2 when the stack cannot be built or has no such model, or a figure or a file is not as it should be.
    """
    stack, name = stack_and_model(words, named)
    stack_file = stack_file_of(project.resolve(), stack, answers_of(answers))
    traffic = {
        "requestsPerSecond": requests_per_second,
        "inputTokens": input_tokens,
        "outputTokens": output_tokens,
    }
    edit = StackEdit(
        traffic_by_model={name: {key: n for key, n in traffic.items() if n is not None}},
        assumed_traffic={"inputTokens": 800, "outputTokens": 250},
    )
    try:
        plan = plan_of(stack_file, edited(stack_file.keys, edit))
    except StackError as error:
        fail_stack(stack_file, error)
    models = {model.name: model for model in plan.models}
    if name not in models:
        known = f"It has: {', '.join(models)}"
        fail(f"{stack_file.path.name}: no model '{name}'.{nearest(name, models)} {known}")
    different = Different(
        target=target,
        spare=spare,
        down_window_seconds=down_window,
        start_seconds=start,
        least=least,
        most=most,
    )
    try:
        asked = scene(plan, models[name], different)
    except CostError as error:
        fail(f"{stack_file.path.name}: {error}")
    if asked.policy.least > asked.policy.most:
        fail(f"--max {asked.policy.most}: is less than --min {asked.policy.least}")
    if trace is None:
        found = _drawn(
            Days(
                requests_per_second=asked.requests_per_second,
                answer_seconds=asked.replica.answer_seconds,
                shape=rise_and_fall(_TIMES) if day is None else _shape(day),
                cv=cv,
                spikes=spikes,
                answers_longer=answers_longer,
                days=days,
                seed=seed,
            )
        )
        source = f"drawn, seed {seed}, CV {cv:g} between requests, {spikes} spikes a day"
    else:
        found = _recorded(trace, models[name], asked, answers_longer, seed)
        source = f"recorded, {trace.name}"
    with steps(silent=as_json) as begin:
        played = compared(asked, found, begin("Playing", PLAYS * found.seconds))
        advance = begin("Frontier", choices(asked)) if with_frontier else None
        others = frontier(asked, found, lambda: advance(1)) if advance else ()
    if svg is not None:
        try:
            write_plot(svg, asked, played.checked)
        except OSError as error:
            fail(f"--svg {svg}: {error.strerror}")
    answer = SimulateAnswer(
        stack=stack,
        load=source,
        requests=len(found.moments),
        seconds=found.seconds,
        scene=asked,
        comparison=played,
        frontier=others,
    )
    if as_json:
        say_json(Schema.SIMULATE, answer)
    else:
        console().print(simulated(asked, found, source, played, others))


def _shape(words: str) -> Sequence[float]:
    try:
        shape = [float(word) for word in words.split(",") if word.strip()]
    except ValueError:
        fail(f"--day {words}: is not a list of numbers")
    if not shape or not all(0 <= each < math.inf for each in shape) or not max(shape):
        fail(f"--day {words}: give numbers, none negative and one above zero")
    # Of the largest: the sum of large numbers, and the mean of tiny ones, is no number.
    return [each / max(shape) for each in shape]


def _drawn(days: Days) -> Load:
    requests = days.requests_per_second * days.seconds
    if requests > MOST_REQUESTS:
        fail(
            f"--days {days.days}: {requests:,.0f} requests are more than the {MOST_REQUESTS:,} that"
            " are played: give fewer days, or a smaller --requests-per-second with fewer replicas"
        )
    return drawn(days)


def _recorded(path: Path, model: ModelPlan, asked: Scene, longer: float, seed: int) -> Load:
    tokens = model.traffic.output_tokens if model.traffic else 0
    answers = Answers(seconds=asked.replica.answer_seconds, tokens=max(1, tokens), longer=longer)
    try:
        return recorded(path, answers, seed)
    except FileNotFoundError:
        fail(f"--trace {path}: there is no such file")
    except GivenFileError as error:
        fail(f"--trace {path}: {error}")
