"""Which prices of a bill are too old to be believed without a look."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tokenfleet.economics.bill.lines import BillLine

STALE_DAYS = 90
"""List prices change rarely and then by a lot: p5 fell by 44 % within eight weeks of 2025."""


@dataclass(frozen=True, kw_only=True)
class StalePrice:
    """A line of the bill whose price was true more than ``STALE_DAYS`` ago."""

    title: str
    as_of: dt.date
    age_days: int


def is_stale(as_of: dt.date, today: dt.date) -> bool:
    """Whether a price of that day is too old."""
    return (today - as_of).days > STALE_DAYS


def stale_prices(lines: Iterable[BillLine], today: dt.date) -> Sequence[StalePrice]:
    """The lines with old prices, the oldest first."""
    found = [
        StalePrice(title=line.title, as_of=line.as_of, age_days=(today - line.as_of).days)
        for line in lines
        if line.as_of and is_stale(line.as_of, today)
    ]
    return sorted(found, key=lambda price: price.as_of)
