"""A bill as data: lines with quantity, price, cause, source and date."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.facts import Price

# AWS bills by the hour and quotes by a month of 730 of them.
HOURS_PER_MONTH = 730
MONTH = 1 / HOURS_PER_MONTH
"""The part of what is billed by month that an hour is."""

Cause = Literal["nodes", "idle", "spot premium", "fallback", "overhead"]
"""Why something is paid for. ``nodes``: nodes that replicas run on, at the price of the pool's
cheapest tier. ``idle``: nodes, reservations and commitments paid for that no replica uses.
``spot premium``: what makes spot dependable, spare replicas and an on-demand base above the
cheapest price. ``fallback``: nodes on demand because spot was not to be had, above the price of
spot. ``overhead``: all else, volumes and the cluster's own nodes among it."""


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """One line of the bill, an hour's worth, in US dollars.

    ``quantity`` of ``unit``; None where only use will tell. ``usd_per_unit`` and ``usd_per_hour``
    are None where no price is known, never zero. ``usd_per_hour_by_cause`` adds up to
    ``usd_per_hour``. ``pool`` is None for what the whole stack shares. ``on_demand_type`` is the
    instance type at whose on-demand rate the line is billed, so that a commitment may cover it.
    ``as_of`` is None for prices that somebody gave. ``price_names`` are the keys of
    ``cost.prices`` under which a stack file may give the price.
    """

    title: str
    pool: str | None
    quantity: float | None
    unit: str
    usd_per_unit: float | None
    usd_per_hour: float | None
    usd_per_hour_by_cause: Mapping[Cause, float]
    source: str
    as_of: dt.date | None
    on_demand_type: str | None = None
    price_names: Sequence[str] = ()

    @property
    def usd_per_month(self) -> float | None:
        """A month of 730 hours like this one."""
        return None if self.usd_per_hour is None else self.usd_per_hour * HOURS_PER_MONTH


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What a fleet costs in an hour.

    ``by_use`` are prices of what is billed by use where nobody said how much that is.
    ``unplaced_nodes``, by pool, do not fit into the tiers of their pool and cost nothing here.
    """

    lines: Sequence[BillLine]
    by_use: Sequence[BillLine]
    unplaced_nodes: Mapping[str, float]

    @property
    def usd_per_hour(self) -> float:
        """Every line whose price is known."""
        return sum(line.usd_per_hour or 0.0 for line in self.lines)

    @property
    def usd_per_month(self) -> float:
        """A month of 730 hours like this one."""
        return self.usd_per_hour * HOURS_PER_MONTH

    @property
    def gaps(self) -> Sequence[BillLine]:
        """Lines without a known price: they are in no sum."""
        return [line for line in self.lines if line.usd_per_hour is None]

    @property
    def usd_per_hour_by_cause(self) -> Mapping[Cause, float]:
        """The same sum by why it is paid, causes without any left out."""
        total: dict[Cause, float] = {}
        for line in self.lines:
            for cause, usd in line.usd_per_hour_by_cause.items():
                total[cause] = total.get(cause, 0.0) + usd
        return {cause: usd for cause, usd in total.items() if usd}


def service_line(
    title: str,
    quantity: float | None,
    unit: str,
    price: Price | None,
    *,
    missing: str,
    pool: str | None = None,
    per_hour: float = 1.0,
    on_demand_type: str | None = None,
    price_names: Sequence[str] = (),
) -> BillLine:
    """A line of overhead at a list price; ``missing`` says of what there is none, if so.

    ``per_hour`` is how much of a unit passes in an hour: ``MONTH`` of what is billed by month.
    """
    usd = None
    if price is not None and quantity is not None:
        usd = price.usd * quantity * per_hour
    return BillLine(
        title=title,
        pool=pool,
        quantity=quantity,
        unit=unit,
        usd_per_unit=price.usd if price else None,
        usd_per_hour=usd,
        usd_per_hour_by_cause={"overhead": usd} if usd else {},
        source=price.source if price else f"no price of {missing} is known",
        as_of=price.date if price else None,
        on_demand_type=on_demand_type,
        price_names=price_names,
    )
