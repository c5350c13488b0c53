"""A review on a terminal."""

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.text import Text

from tokenfleet.counted import count
from tokenfleet.plain_text import written_out
from tokenfleet.review.review import Review, StackReview
from tokenfleet.views.screens.fitted import on_screen
from tokenfleet.views.tables.review import (
    changes_table,
    hidden_resources,
    lines_table,
    models_table,
    news,
    other_lines,
)

_COLORS = {"data-loss": "bold red", "outage": "red", "nodes": "yellow", "replicas": "yellow"}
_MOST_ROWS = 40


def show_review(review: Review, console: Console) -> None:
    """Print what is most dangerous first."""
    console.print(_text(f"{review.base} to {review.head}", "bold"))
    for line in other_lines(review):
        console.print(_text(line, "yellow"))
    for stack in review.stacks:
        console.print()
        console.print(
            Text.assemble(
                _text(stack.stack, "bold"),
                ": ",
                _text(stack.verdict, _COLORS.get(stack.danger or "", "")),
            )
        )
        for part in _parts(stack):
            console.print(part)


def _parts(stack: StackReview) -> Iterator[RenderableType]:
    for line in stack.effects:
        yield _text(f"- {line}")
    if stack.changes:
        yield Text("")
        yield on_screen(changes_table(stack, _MOST_ROWS))
    hidden = hidden_resources(stack, _MOST_ROWS)
    if hidden > 0:
        yield Text(f"and {count(hidden, 'resource')} more: --json has all", "dim")
    for table in (models_table(stack), lines_table(stack)):
        if table.rows:
            yield Text("")
            yield on_screen(table)
    for line in news(stack):
        yield _text(f"- {line}")


def _text(line: str, style: str = "") -> Text:
    """Names and values of whoever proposes the change: none says more than is seen."""
    return Text(written_out(line), style)
