"""A review as one HTML page: no network, no scripts, and text whatever its names hold.

It may be opened by whoever reviews a stranger's pull request. So nothing that a revision has drawn
or written as markup is shown: there are its documents, which are data, and all markup is from here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tokenfleet.counted import count
from tokenfleet.review.compared import Compared
from tokenfleet.review.danger import Danger
from tokenfleet.review.resource_change import ResourceChange
from tokenfleet.review.review import StackReview
from tokenfleet.views.drawing.architecture.marks import Mark, Tone
from tokenfleet.views.money import usd
from tokenfleet.views.pages.html import environment
from tokenfleet.views.reviewed.drawing import ReviewedDrawing, reviewed_drawing
from tokenfleet.views.tables.review import (
    changes_table,
    lines_table,
    models_table,
    most_dangerous,
    news,
    other_lines,
)
from tokenfleet.views.tables.review_changes import DONE, property_line
from tokenfleet.views.tables.table import Table

_MOST_DANGEROUS = 10
# Of all stacks together, so that a browser opens the page of a fleet of fleets too; and what of a
# stack, and of a resource, is shown in any case.
_MOST_RESOURCES, _MOST_PROPERTIES, _MOST_DRAWINGS = 3_000, 20_000, 20
_FEWEST_RESOURCES, _FEWEST_PROPERTIES = 50, 5
_NOT_DRAWN = ReviewedDrawing(missing="Not drawn: only the most dangerous stacks are.")


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A figure on top of a stack."""

    what: str
    figure: str
    detail: str = ""
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class ShownResource:
    """One resource with every property that differs."""

    mark: Mark
    name: str
    type: str
    lines: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ShownStack:
    """A stack as the page shows it; ``id`` is its anchor."""

    id: str
    review: StackReview
    mark: Mark
    problems: Sequence[tuple[str, Sequence[str]]]
    tiles: Sequence[Tile]
    worst: Sequence[tuple[Mark, str]]
    said: Sequence[str]
    drawing: ReviewedDrawing
    tables: Sequence[Table]
    tally: str
    changes: Table
    resources: Sequence[ShownResource]

    @property
    def is_told(self) -> bool:
        """Whether there is more to say than its verdict."""
        return self.review.state != "unchanged"

    @property
    def hidden(self) -> int:
        """How many resources the page has no room for."""
        return len(self.review.changes) - len(self.resources)


def review_html(found: Compared) -> str:
    """The whole review: what is most dangerous first, what nobody has to read folded."""
    review = found.review
    changed = [each for each in review.stacks if each.state != "unchanged"]
    resources = max(_FEWEST_RESOURCES, _MOST_RESOURCES // max(1, len(changed)))
    shown = sum(min(resources, len(each.changes)) for each in changed)
    properties = max(_FEWEST_PROPERTIES, _MOST_PROPERTIES // max(1, shown))
    drawn = [each.stack for each in changed[:_MOST_DRAWINGS]]
    return (
        environment()
        .get_template("review.html.j2")
        .render(
            review=review,
            others=list(other_lines(review)),
            stacks=[
                _shown(
                    f"stack-{place}",
                    each,
                    reviewed_drawing(
                        each, found.before.get(each.stack), found.after.get(each.stack)
                    )
                    if each.stack in drawn
                    else _NOT_DRAWN,
                    (resources, properties),
                )
                for place, each in enumerate(review.stacks, 1)
            ],
            count=count,
        )
    )


def _shown(
    anchor: str, stack: StackReview, drawing: ReviewedDrawing, most: tuple[int, int]
) -> ShownStack:
    resources, properties = most
    tables = (models_table(stack), lines_table(stack))
    sides = (("the base", stack.problems.before), ("the head", stack.problems.after))
    return ShownStack(
        id=anchor,
        review=stack,
        mark=_verdict_mark(stack),
        problems=[(name, lines) for name, lines in sides if lines],
        tiles=list(_tiles(stack)) if stack.state != "broken" else (),
        worst=[(_mark(each), said) for each, said in most_dangerous(stack, _MOST_DANGEROUS)],
        said=[*stack.effects, *news(stack)],
        drawing=drawing,
        tables=[table for table in tables if table.rows],
        tally=_tally(stack),
        changes=changes_table(stack, resources),
        resources=[_resource(each, properties) for each in stack.changes[:resources]],
    )


def _verdict_mark(stack: StackReview) -> Mark:
    if stack.state == "broken":
        return Mark(words=["broken"], tone=Tone.DANGEROUS)
    return _mark(stack.danger) if stack.danger else Mark(words=["changed"], tone=Tone.CHANGED)


def _mark(danger: Danger, *words: str) -> Mark:
    dangerous = danger.rank >= Danger.NODES.rank
    tone = Tone.NEW if danger is Danger.ADDITION else Tone.CHANGED
    return Mark(words=[*words, danger.value], tone=Tone.DANGEROUS if dangerous else tone)


def _tally(stack: StackReview) -> str:
    return ", ".join(f"{number} {DONE[action]}" for action, number in stack.tally.items() if number)


def _tiles(stack: StackReview) -> Iterator[Tile]:
    danger, month, share = stack.danger, stack.usd_per_month, stack.budget_share
    yield Tile(
        what="most dangerous",
        figure=danger.value if danger else "nothing",
        tone=_mark(danger).tone if danger else "",
    )
    number = len(stack.changes)
    yield Tile(
        what="resource" if number == 1 else "resources", figure=f"{number:,}", detail=_tally(stack)
    )
    if month.after is not None:
        was = "" if month.before is None else f"was {usd(month.before)}"
        yield Tile(what="a month", figure=usd(month.after), detail=was)
    if share.after is not None:
        was = "" if share.before is None else f"was {share.before:.0%}"
        tone = Tone.DANGEROUS if share.after > 1 else ""
        yield Tile(what="of the budget", figure=f"{share.after:.0%}", detail=was, tone=tone)


def _resource(change: ResourceChange, most: int) -> ShownResource:
    lines = [property_line(each) for each in change.properties[:most]]
    if (hidden := len(change.properties) - most) > 0:
        lines.append(f"and {hidden} more")
    return ShownResource(
        mark=_mark(change.danger, DONE[change.action]),
        name=change.name,
        type=change.type,
        lines=[*change.because, *lines],
    )
