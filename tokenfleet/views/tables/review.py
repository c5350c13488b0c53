"""What a review says in tables, as plain text cells."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from tokenfleet.counted import count
from tokenfleet.review.changes import PropertyChange, ResourceChange
from tokenfleet.review.pairs import Numbers
from tokenfleet.review.review import Review, StackReview
from tokenfleet.review.service import ModelChange
from tokenfleet.views.money import usd
from tokenfleet.views.tables.table import Column, Table
from tokenfleet.views.token_price import per_mtok

_LONGEST_VALUE = 80
_MOST_PATHS = 5
_Value_co = TypeVar("_Value_co", covariant=True)


class _Pair(Protocol[_Value_co]):
    @property
    def before(self) -> _Value_co | None: ...
    @property
    def after(self) -> _Value_co | None: ...


def other_lines(review: Review) -> Iterator[str]:
    """What there is to know beside the stacks."""
    if review.parted:
        yield (
            f"{review.base} has {count(review.parted, 'commit')} that {review.head} lacks: what"
            " they did shows as undone; --merge-base compares with where they parted."
        )
    for gone, new in review.renamed.items():
        yield (
            f"{gone} is gone and {new} looks like it: Pulumi takes {new} for a new, empty stack"
            f" unless it is renamed: pulumi stack rename {new} --stack {gone}"
        )


def changes_table(stack: StackReview, most: int) -> Table:
    """The resources that change, the most dangerous first."""
    return Table(
        title="",
        columns=[
            Column("Danger"),
            Column("What"),
            Column("Resource"),
            Column("Type", gives_way=2),
            Column("Why", gives_way=1),
        ],
        rows=[
            [
                change.danger,
                change.action,
                change.name,
                change.type.rpartition(":")[2],
                why(change),
            ]
            for change in stack.changes[:most]
        ],
    )


def why(change: ResourceChange) -> str:
    """The reasons of a change, or which of its properties differ."""
    if change.because:
        return "; ".join(change.because)
    return ", ".join(each.path for each in change.properties[:_MOST_PATHS])


def models_table(stack: StackReview) -> Table:
    """Models whose price, service or start differs."""
    return Table(
        title="Models",
        columns=[
            Column("Model"),
            Column("$/Mtok", number=True),
            Column("Replicas", number=True),
            Column("Busy", number=True),
            Column("TTFT p99, ms", number=True, gives_way=2),
            Column("Promise"),
            Column("Cold start, s", number=True, gives_way=1),
        ],
        rows=[
            [
                model.name,
                _pair(model.usd_per_mtok, per_mtok),
                _pair(model.replicas, str),
                _pair(model.busy, lambda share: f"{share:.0%}"),
                _pair(model.ttft_p99_ms, lambda ms: f"{ms:,.0f}"),
                _pair(model.promise_kept, lambda kept: "kept" if kept else "missed"),
                _pair(model.cold_start_seconds, lambda span: f"{span.expected:,.0f}"),
            ]
            for model in stack.models
            if not _is_same(model)
        ],
    )


def _is_same(model: ModelChange) -> bool:
    pairs = (
        *(model.usd_per_mtok, model.replicas, model.busy),
        *(model.ttft_p99_ms, model.promise_kept, model.cold_start_seconds),
    )
    return all(pair.before == pair.after for pair in pairs)


def lines_table(stack: StackReview) -> Table:
    """Lines of the bill that differ."""
    month = stack.usd_per_month
    return Table(
        title="Dollars a month",
        columns=[
            Column("Line"),
            Column("Before", number=True),
            Column("After", number=True),
            Column("Difference", number=True),
        ],
        rows=[[line.title, *_money(line.usd_per_month)] for line in stack.lines],
        total=["Total", *_money(month)] if stack.lines else (),
    )


def _money(pair: Numbers) -> list[str]:
    before, after = pair.before, pair.after
    difference = (after or 0.0) - (before or 0.0)
    sign = "-" if difference < 0 else "+"
    return [
        "" if before is None else usd(before),
        "" if after is None else usd(after),
        f"{sign}{usd(abs(difference))}",
    ]


def _pair(pair: _Pair[_Value_co], written: Callable[[_Value_co], str]) -> str:
    before, after = (None if each is None else written(each) for each in (pair.before, pair.after))
    if before == after:
        return before or ""
    return f"{before or 'none'} to {after or 'none'}"


def value_text(value: object) -> str:
    """A value in one short line."""
    if value is None:
        return "(absent)"
    line = " ".join(str(value).split())
    return line if len(line) <= _LONGEST_VALUE else f"{line[:_LONGEST_VALUE]}..."


def property_line(change: PropertyChange) -> str:
    """``path: before to after``."""
    return f"{change.path}: {value_text(change.before)} to {value_text(change.after)}"


def news(stack: StackReview) -> Iterator[str]:
    """Findings, verdicts, secrets, quotas and budget, a line for each that is not what it was."""
    for word, found in (("broken rule", stack.findings), ("verdict", stack.verdicts)):
        yield from (f"new {word}: {line}" for line in found.new)
        yield from (f"{word} gone: {line}" for line in found.gone)
    yield from (f"secret {name} is set, or set anew" for name in stack.secrets.new)
    yield from (f"secret {name} is gone" for name in stack.secrets.gone)
    for quota, pair in stack.quotas.items():
        yield f"{quota}: the most nodes need {pair.after:,} vCPUs, not {pair.before:,}"
    share = stack.budget_share
    if share.after is not None and share.after > 1 >= (share.before or 0.0):
        yield f"the budget is crossed: {share.after:.0%} of it"
