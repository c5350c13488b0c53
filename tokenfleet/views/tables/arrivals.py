"""What a new node fetches, the way it comes, and what that costs, as plain text."""

from collections.abc import Sequence

from tokenfleet.economics.bill.arrivals import Arrival
from tokenfleet.plan.ranges import Range
from tokenfleet.views.fetched import FREE, NAT, gb_text, parts_text
from tokenfleet.views.money import usd, usd_range
from tokenfleet.views.tables.table import Column, Table

_COLUMNS = (
    Column("Pool"),
    Column("Through NAT, GB", number=True),
    Column("A node pays", number=True),
    Column("Of that", gives_way=1),
    Column("Free, through S3", gives_way=2),
)


def arrivals_table(arrivals: Sequence[Arrival]) -> Table:
    """One row for each pool."""
    return Table(
        title="What a new node fetches",
        columns=_COLUMNS,
        rows=[
            [
                arrival.pool,
                _with_range(arrival.nat_gb),
                _price(arrival.nat_usd),
                parts_text(arrival.fetches, NAT),
                parts_text(arrival.fetches, FREE),
            ]
            for arrival in arrivals
        ],
        caption=(
            "GB as they travel, compressed, at best to at worst; the price is that of a GB through"
            " a NAT gateway. It is billed by use, on top, once for each node that is launched."
            " With cluster.imageCache the first node that pulls an image brings it through NAT, once."
        ),
    )


def _with_range(gb: Range) -> str:
    return f"{gb_text(gb.expected)} ({gb_text(gb.low)} to {gb_text(gb.high)})"


def _price(amount: Range | None) -> str:
    return f"{usd(amount.expected)} ({usd_range(amount.low, amount.high)})" if amount else usd(None)
