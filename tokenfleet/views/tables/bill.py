"""The bill of a month as plain text cells, and the prices of what is billed by use."""

from collections.abc import Sequence

from tokenfleet.counted import count
from tokenfleet.economics.bill.lines import BillLine
from tokenfleet.economics.stack_cost import StackCost
from tokenfleet.views.figures import quantity, unit_price
from tokenfleet.views.money import usd
from tokenfleet.views.on_spot import how_much_spot
from tokenfleet.views.story import bounds_of, fleet_of
from tokenfleet.views.tables.table import Column, Table


def bill_table(cost: StackCost, month: str) -> Table:
    """What is billed every month at the declared load; ``month`` is its total with range."""
    lines = cost.bill.expected.lines
    sources = _sources(lines)
    running = sum(model.replicas for model in cost.models)
    return Table(
        title=f"A month {fleet_of(cost)}",
        columns=[
            Column("Line"),
            Column("Count", number=True),
            Column("Each", number=True, gives_way=2),
            Column("A month", number=True),
            Column("Price of", gives_way=1),
            Column("Source", reference=True),
        ],
        rows=[
            [
                line.title,
                quantity(line),
                unit_price(line),
                usd(line.usd_per_month),
                _date(line),
                str(sources.index(line.source) + 1),
            ]
            for line in lines
        ],
        total=[_total(cost), "", "", usd(cost.bill.expected.usd_per_month), "", ""],
        caption=(
            f"In all {month}. With {count(running, 'replica')}, a node each, and a bucket that holds the weights."
            f" {bounds_of(cost)}.{_spot(cost)} Counts are means of the month."
        ),
        sources=sources,
    )


def _spot(cost: StackCost) -> str:
    return f" {said}" if (said := how_much_spot(cost)) else ""


def _total(cost: StackCost) -> str:
    gaps = cost.bill.expected.gaps
    return f"Total, without {count(len(gaps), 'line')} of {usd(None)} price" if gaps else "Total"


def usage_table(cost: StackCost) -> Table:
    """Prices of what is billed by use."""
    lines = cost.bill.expected.by_use
    sources = _sources(lines)
    return Table(
        title="Billed by use, on top",
        columns=[
            Column("Line"),
            Column("Each", number=True),
            Column("Price of", gives_way=1),
            Column("Source", reference=True),
        ],
        rows=[
            [line.title, unit_price(line), _date(line), str(sources.index(line.source) + 1)]
            for line in lines
        ],
        sources=sources,
    )


def _date(line: BillLine) -> str:
    return line.as_of.isoformat() if line.as_of else ""


def _sources(lines: Sequence[BillLine]) -> Sequence[str]:
    return list(dict.fromkeys(line.source for line in lines))
