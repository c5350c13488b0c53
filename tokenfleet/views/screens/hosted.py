"""The best choice of hardware beside what hosted APIs ask, on a terminal."""

import datetime as dt
from collections.abc import Iterator, Sequence

from rich.text import Text

from tokenfleet.counted import three_digits
from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.economics.bill.price_age import STALE_DAYS, is_stale
from tokenfleet.economics.choice.question import Question
from tokenfleet.economics.choice.ranking import Choice
from tokenfleet.economics.price.hosted import (
    ACT_ABOVE,
    HostedComparison,
    HostedPrice,
    compare_hosted,
)
from tokenfleet.views.money import usd
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.tables.table import Column
from tokenfleet.views.token_price import per_mtok


def against_hosted(
    question: Question, best: Choice, prices: Sequence[HostedPrice], today: dt.date
) -> Iterator[Text | Fitted]:
    """What hosted APIs ask for the same tokens, beside the best choice."""
    quote = best.at_load or best.flat_out
    screen = Fitted(
        title=f"Hosted APIs against {best.instance_type}",
        columns=[
            Column("API"),
            Column("In / cached / out", number=True, gives_way=1),
            Column("Same tokens, a month", number=True, gives_way=3),
            Column("Own / hosted", number=True),
            Column("Verdict"),
            Column("Break-even, requests/s", number=True),
            Column("Source", gives_way=2),
        ],
    )
    for price in prices:
        found = compare_hosted(quote, price, best.most, replicas=best.replicas or 1)
        cached = price.input if price.cached_input is None else price.cached_input
        screen.row(
            price.name,
            f"{per_mtok(price.input)} / {per_mtok(cached)} / {per_mtok(price.output)}",
            usd(found.hosted_usd_per_hour * HOURS_PER_MONTH),
            f"{found.ratio:.2f}",
            verdict_text(found),
            _break_even(found),
            f"{price.source}, {price.date}",
        )
    yield screen
    at = "at your load" if question.requests_per_second is not None else "never idle"
    yield Text(
        f"Own is nodes {at}; a side is called cheaper from {ACT_ABOVE:g} times on, because the"
        " estimate may be off by less. Break-even: the load from which these nodes cost less, if they reach it.",
        "dim",
    )
    if old := [price.name for price in prices if is_stale(price.date, today)]:
        says = f"Older than {STALE_DAYS} days: {', '.join(old)}. Look the prices up again."
        yield Text(says, "yellow")


def verdict_text(found: HostedComparison) -> str:
    """Who is cheaper, in words."""
    return {
        "own": "own is cheaper",
        "hosted": "hosted is cheaper",
        "either": "too close to call",
    }[found.cheaper]


def _break_even(found: HostedComparison) -> str:
    load = found.break_even_requests_per_second
    return "none" if load is None else three_digits(load)
