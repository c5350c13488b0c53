"""``tokenfleet simulate``: what a model's scaling rule serves, sheds and costs over a day."""

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
    fail_unwritten,
    say_json,
    stack_file_of,
)
from tokenfleet.commands.asked.idle_options import refuse_bounds, refuse_idle
from tokenfleet.commands.asked.played_load import DrawnFrom, drawn_load, recorded_load
from tokenfleet.commands.asked.stack_name import StackAndModel, StackOption, stack_and_model
from tokenfleet.commands.progress import steps
from tokenfleet.elasticity.comparison import PLAYS, Comparison, compared
from tokenfleet.elasticity.frontier import Variant, choices, frontier
from tokenfleet.elasticity.scene import Coming, Different, Scene, scene
from tokenfleet.estimate.refusal import CostError
from tokenfleet.json_document import Schema
from tokenfleet.mistakes import StackError, nearest
from tokenfleet.plan.decide import plan_of
from tokenfleet.views.drawing.charts.elasticity import write_plot
from tokenfleet.views.screens.simulated import simulated


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
        float | None,
        typer.Option(min=1e-6, max=100_000, help="mean load, in place of the stack file's"),
    ] = None,
    input_tokens: Annotated[
        int | None, typer.Option(min=1, max=10_000_000, help="mean input length")
    ] = None,
    output_tokens: Annotated[
        int | None, typer.Option(min=1, max=10_000_000, help="mean output length")
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="loads of equal parts of a day; 1 to 5 if not given"),
    ] = None,
    cv: Annotated[
        float | None,
        typer.Option(
            min=0.1, max=10, help="of the time between requests; 1 is Poisson, 2 if not given"
        ),
    ] = None,
    spikes: Annotated[
        int | None,
        typer.Option(
            min=0, max=100, help="a day, 1.5 to 2.2 times the load for 5 to 15 min; 8 if not given"
        ),
    ] = None,
    answers_longer: Annotated[
        float, typer.Option(min=0.1, max=10, help="times as long as was known")
    ] = 1.0,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of recorded requests; drawn if not given"),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=31, help="days to draw; 1 if not given")
    ] = None,
    seed: Annotated[int, typer.Option(help="of what is drawn")] = 1,
    target: Annotated[
        float | None, typer.Option(min=0.05, max=2, help="share of a replica's slots to be in use")
    ] = None,
    spare: Annotated[int | None, typer.Option(min=0, max=100, help="replicas on top")] = None,
    down_window: Annotated[
        int | None, typer.Option(min=0, max=3600, help="seconds of less load before one goes")
    ] = None,
    start: Annotated[float | None, typer.Option(min=1, max=7200, help="seconds of a start")] = None,
    least: Annotated[int | None, typer.Option("--min", min=0, max=1000, help="replicas")] = None,
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
    of_a_day = {
        "--requests-per-second": requests_per_second,
        "--day": day,
        "--cv": cv,
        "--spikes": spikes,
        "--days": days,
    }
    if trace is not None:
        refuse_idle(of_a_day, "in what is recorded", "play a day that is drawn, without --trace")
    try:
        plan = plan_of(stack_file)
    except StackError as error:
        fail_stack(stack_file, error)
    models = {model.name: model for model in plan.models}
    if name not in models:
        known = f"It has: {', '.join(models)}"
        fail(f"{stack_file.path.name}: no model '{name}'.{nearest(name, models)} {known}")
    coming = Coming(
        requests_per_second=requests_per_second,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        is_recorded=trace is not None,
    )
    different = Different(
        target=target,
        spare=spare,
        down_window_seconds=down_window,
        start_seconds=start,
        least=least,
        most=most,
    )
    try:
        asked = scene(plan, models[name], coming, different)
    except CostError as error:
        fail(f"{stack_file.path.name}: {error}")
    refuse_bounds(asked.policy, least, most)
    if asked.policy.is_fixed:
        of_a_rule = {
            "--target": target,
            "--spare": spare,
            "--down-window": down_window,
            "--start": start,
            "--frontier": with_frontier or None,
        }
        always = f"while the replicas are always {asked.policy.least:,}"
        refuse_idle(of_a_rule, always, "give --min and --max that differ")
    if trace is None:
        drawn_from = DrawnFrom(day=day, cv=cv, spikes=spikes, days=days)
        found, source = drawn_load(asked, drawn_from, answers_longer, seed)
    else:
        found, source = recorded_load(trace, asked, answers_longer, seed)
    with steps(silent=as_json) as begin:
        played = compared(asked, found, begin("Playing", PLAYS * found.seconds))
        advance = begin("Frontier", choices(asked)) if with_frontier else None
        others = frontier(asked, found, lambda: advance(1)) if advance else ()
    if svg is not None:
        try:
            write_plot(svg, asked, played.checked)
        except OSError as error:
            fail_unwritten("--svg", svg, error)
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
