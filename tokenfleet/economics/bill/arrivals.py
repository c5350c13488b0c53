"""What each new node costs beside its hours: the bytes it fetches through a NAT gateway."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.plan.ranges import Range
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.start.fetches import Fetch, nat_gb


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A new node of a pool, in GB (10^9 bytes) and US dollars; None where no price is known.

    How many nodes come, nobody knows beforehand: the bill has the price of a GB, by use.
    """

    pool: str
    fetches: Sequence[Fetch]
    nat_gb: Range
    nat_usd: Range | None


def arrivals(plan: Plan) -> Sequence[Arrival]:
    """A new node of every pool, the system nodes among them."""
    price = plan.prices.service("natGatewayData")
    return [
        Arrival(
            pool=pool,
            fetches=fetches,
            nat_gb=(gb := nat_gb(fetches)),
            nat_usd=gb * price.usd if price else None,
        )
        for pool, fetches in plan.fetches_by_pool.items()
    ]
