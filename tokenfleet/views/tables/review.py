"""What a review says in tables, as plain text cells."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from tokenfleet.counted import count
from tokenfleet.review.danger import Danger
from tokenfleet.review.pairs import Numbers
from tokenfleet.review.review import Review, StackReview
from tokenfleet.review.service import Differing, ModelChange
from tokenfleet.views.money import usd
from tokenfleet.views.tables.review_changes import HARMLESS, entries, followers
from tokenfleet.views.tables.table import Column, Table
from tokenfleet.views.token_price import per_mtok

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
            [each.danger, each.first.action, each.title, each.kinds, each.why]
            for each in entries(stack.changes)[:most]
        ],
    )


def hidden_resources(stack: StackReview, most: int) -> int:
    """How many resources a table of so many rows leaves out."""
    return sum(len(each.changes) for each in entries(stack.changes)[most:])


def most_dangerous(stack: StackReview, most: int) -> Iterator[tuple[Danger, str]]:
    """What a reader must know first, each with its danger: causes, with what hangs on them."""
    every = entries(stack.changes)
    worst = [each for each in every if each.danger not in HARMLESS and not each.follows_suit]
    for each in worst[:most]:
        number = followers(each, every)
        more = f"; {count(number, 'resource')} {'hangs' if number == 1 else 'hang'} on it" * bool(
            number
        )
        yield each.danger, each.sentence + more


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


def news(stack: StackReview) -> Iterator[str]:
    """What is not what it was, a line each: findings, verdicts, models, secrets, quotas, budget."""
    yield from (f"new broken rule: {line}" for line in stack.findings.new)
    yield from (f"broken rule gone: {line}" for line in stack.findings.gone)
    yield from _verdicts(stack.verdicts)
    for model in stack.models:
        yield from _carried(model)
        for word, pair in (
            ("replicas", model.bounds),
            ("task", model.task),
            ("revision", model.revision),
            ("image", model.image),
        ):
            if pair.before and pair.after and pair.before != pair.after:
                yield f"{model.name}: {word} {pair.after}, not {pair.before}"
    yield from (f"secret {name} is set, and was not" for name in stack.secrets.new)
    yield from (
        f"secret {name}: what is encrypted there is not what it was"
        for name in stack.secrets.changed
    )
    yield from (f"secret {name} is gone" for name in stack.secrets.gone)
    for quota, pair in stack.quotas.items():
        yield f"{quota}: the most nodes need {pair.after:,} vCPUs, not {pair.before:,}"
    if stack.crosses_budget:
        yield f"the budget is crossed: {stack.budget_share.after:.0%} of it"


def _carried(model: ModelChange) -> Iterator[str]:
    """What its replicas carry at the load, and how they are bought, where that is not as it was."""
    figures = (
        ("carries at most {} requests/s", model.capacity_requests_per_second, _rate),
        ("head room above its load {} requests/s", model.head_room_requests_per_second, _rate),
        ("{} of its node-hours on spot", model.spot_share, "{:.0%}".format),
    )
    said: list[str] = []
    for sentence, pair, written in figures:
        before, after = (None if end is None else written(end) for end in (pair.before, pair.after))
        # A revision that does not say how much is spot is no news.
        is_unknown = before is None and model.replicas.before is not None
        if after is not None and before != after and not is_unknown:
            said.append(sentence.format(after) + (f", not {before}" if before else ""))
    if said:
        yield f"{model.name}: {'; '.join(said)}"


def _rate(per_second: float) -> str:
    return f"{per_second:,.{0 if abs(per_second) >= 100 else 2}f}"  # noqa: PLR2004 - three digits say it


def _verdicts(found: Differing) -> Iterator[str]:
    """Verdicts on the same place are one that changed."""
    gone = {_place(line): line for line in found.gone}
    for line in found.new:
        was = gone.pop(_place(line), "")
        yield f"verdict {line}; it was: {_problem(was)}" if was else f"new verdict {line}"
    yield from (f"verdict gone: {line}" for line in gone.values())


def _place(line: str) -> str:
    return line.split(": ", 2)[1]


def _problem(line: str) -> str:
    return line.split(": ", 2)[2]
