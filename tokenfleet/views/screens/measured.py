"""Measured starts beside predicted ones on a terminal."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from tokenfleet.counted import count
from tokenfleet.plan.measured.comparison import MeasuredStage, MeasuredStarts
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.starting import seconds_text
from tokenfleet.views.tables.table import Column

_COLORS = {"as predicted": "green", "sooner": "green", "later": "red"}


def measured_starts(rows: Sequence[MeasuredStarts]) -> Iterator[Fitted | str]:
    """A table for each instance type, and what it means for a spot notice."""
    for row in rows:
        screen = Fitted(
            title=f"Measured on {row.instance_type}, {count(len(row.pods), 'start')}",
            columns=[
                Column(""),
                Column("predicted", number=True),
                Column("measured", number=True),
                Column("verdict"),
            ],
        )
        is_one = len(row.pods) == 1
        for stage in row.stages:
            screen.row(*_cells(stage, is_one=is_one))
        screen.row(*_cells(row.until_ready, is_one=is_one), style="bold")
        yield screen
        yield (
            "Predicted: expected (at best to at worst). Measured: the median (least to most) of several starts. What"
            " is marked * runs beside others.\n"
            f"A start like these is in the spot notice of {SPOT_NOTICE_SECONDS} s: {row.notice_met}.\n"
        )


def _cells(stage: MeasuredStage, *, is_one: bool) -> Sequence[Text | str]:
    middle = f"{stage.measured.expected:,.0f} s"
    return [
        f"{stage.stage} *" if stage.beside else stage.stage,
        seconds_text(stage.predicted),
        middle if is_one else seconds_text(stage.measured),
        Text(stage.verdict, _COLORS[stage.verdict]),
    ]
