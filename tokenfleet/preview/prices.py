"""What to know of prices: which are old, which are not known, and how to renew or state them."""

from collections.abc import Iterator, Sequence

from tokenfleet.economics.bill.lines import BillLine
from tokenfleet.economics.bill.price_age import STALE_DAYS, StalePrice


def gap_notes(gaps: Sequence[BillLine], region: str) -> Iterator[str]:
    """What the totals lack, and the two ways to fill it in."""
    if gaps:
        names = dict.fromkeys(name for line in gaps for name in line.price_names)
        yield (
            f"{len(gaps)} {'lines' if len(gaps) > 1 else 'line'} of the bill have no known price"
            f" in {region} and are in no total: {', '.join(dict.fromkeys(line.title for line in gaps))}."
            f" tokenfleet catalogue refresh --only prices --region {region} fetches prices;"
            f" or state them in cost.prices ({', '.join(names)})."
        )


def how_to_renew(region: str) -> str:
    """The command that fetches prices of today."""
    return f"Renew them: tokenfleet catalogue refresh --region {region}"


def stale_notes(stale: Sequence[StalePrice], region: str) -> Iterator[str]:
    """What is old, how old, and how to renew it."""
    if stale:
        oldest, *others = stale
        yield (
            f"{len(stale)} {'prices are' if others else 'price is'} older than {STALE_DAYS} days,"
            f" the oldest of {oldest.as_of} ({oldest.title}); the bill has the date of each."
            f" {how_to_renew(region)}"
        )
