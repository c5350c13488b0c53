"""What each way to start costs: what is kept between starts, and what each start pays."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.cold_start import cold_start_facts
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.economics.bill.volumes import disks_price
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.start.budget import ColdStart
from tokenfleet.plan.start.choices import StartChoice
from tokenfleet.plan.start.fetches import nat_gb

# 10^9 bytes.
_GIB = 2**30 / 1e9


@dataclass(frozen=True, kw_only=True)
class WayPrice:
    """US dollars; None where a price is not known, or no node can start so.

    ``per_month``: of the snapshot of a baked image, or of the disks of one node that waits stopped.
    ``per_start``: of bytes through NAT, and of filling a volume from its snapshot.
    """

    way: StartChoice
    per_month: float | None
    per_start: float | None


def way_prices(
    choices: Sequence[StartChoice], pool: PoolPlan, prices: Prices
) -> Sequence[WayPrice]:
    """Every way that a pool's nodes could start, priced in its region."""
    return [
        WayPrice(
            way=choice,
            per_month=_per_month(choice, choice.start, pool, prices) if choice.start else None,
            per_start=_per_start(choice, choice.start, prices) if choice.start else None,
        )
        for choice in choices
    ]


def _per_month(way: StartChoice, start: ColdStart, pool: PoolPlan, prices: Prices) -> float | None:
    match start.prepared:
        case "pulled":
            return 0.0
        case "baked":
            stored = prices.service("snapshotGib")
            return stored and stored.usd * (image_gib(start) + way.weights_gb / _GIB)
        case "warm":
            disks = next(d for d in pool.disks if start.instance_type in d.instance_types)
            price = disks_price(disks, prices)
            return price and price.usd


def _per_start(way: StartChoice, start: ColdStart, prices: Prices) -> float | None:
    data = prices.service("natGatewayData")
    if data is None:
        return None
    through_nat = nat_gb(start.fetches).expected * data.usd
    if start.prepared != "baked":
        return through_nat
    # Nodes with local disks leave the volume of weights out.
    weights = 0.0 if instance_type(start.instance_type).local_nvme else way.weights_gb / _GIB
    filled = image_gib(start) + weights
    return through_nat + cold_start_facts().snapshots.initialisation_price.expected * filled


def image_gib(start: ColdStart) -> float:
    """The engine's image unpacked: what it adds to the snapshot of the system."""
    return cold_start_facts().engines[start.engine].image_unpacked.expected / _GIB
