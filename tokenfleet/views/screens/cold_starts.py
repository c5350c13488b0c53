"""Cold starts on a terminal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tokenfleet.capacity.expected import Expected
from tokenfleet.preview.report import ModelReport, Report
from tokenfleet.views.drawing.charts.cold_start_bar import (
    LETTERS,
    Bar,
    axis_seconds,
    caveat,
    every_bar,
    legend,
    letter_seconds,
    letters,
    longest_stage,
    verdict,
)
from tokenfleet.views.fetched import fetched_line
from tokenfleet.views.on_spot import on_spot
from tokenfleet.views.starting import seconds_text

# What stands beside a bar: the names of the ends, the seconds, and gaps.
_BESIDE_A_BAR = 36
_MOST_LETTERS = 70


def cold_starts(report: Report, width: int) -> Group:
    """Three bars for each model on one axis, what they are made of, and what is said about them."""
    room = room_for_letters(width, _BESIDE_A_BAR)
    bars = [bar for model in report.models for bar in every_bar(model.plan)]
    step = letter_seconds(axis_seconds(bars), room)
    return Group(
        Text("Cold start", "bold"),
        *(
            part
            for model in report.models
            for part in _model(model, report.on_spot(model), step, room)
        ),
        Text(f"{legend(step)} {caveat()}", "dim"),
    )


def room_for_letters(width: int, beside: int) -> int:
    """How many letters a bar may have on a terminal that wide."""
    return max(1, min(_MOST_LETTERS, width - beside))


def colored(bar: Bar, step: int, room: int) -> Text:
    """A bar in coloured letters."""
    return Text.assemble(
        *((letter, LETTERS[letter]) for letter in letters(bar, step, room)), no_wrap=True
    )


def _model(
    model: ModelReport, expected: Expected | None, step: int, room: int
) -> Iterator[RenderableType]:
    start = model.plan.cold_start
    late = model.plan.notice and model.plan.notice.late_seconds.expected
    yield Text.assemble(
        (model.plan.name, "bold"),
        f" on {start.instance_type}, {seconds_text(start.until_ready)}. ",
        (verdict(model), "red" if late else "green"),
    )
    if expected:
        yield Text(on_spot(expected))
    bars = Table.grid(padding=(0, 2, 0, 0))
    for justify in ("left", "left", "right"):
        bars.add_column(justify=justify, no_wrap=True)
    for bar in every_bar(model.plan):
        bars.add_row(f"  {bar.title}", colored(bar, step, room), f"{bar.seconds:,.0f} s")
    yield bars
    stages = ", ".join(
        f"{name} {seconds_text(stage.seconds)}" for name, stage in start.stages.items()
    )
    yield Padding(
        Text(f"{stages}\nlongest: {longest_stage(start)}\n{fetched_line(start.fetches)}"),
        (0, 0, 1, 2),
    )
