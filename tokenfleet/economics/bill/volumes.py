"""What the volumes of a node cost: gp3 by size, and by what exceeds the included rates."""

from collections.abc import Sequence

from tokenfleet.catalogue.facts import Price
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.catalogue.places.services import ServiceName
from tokenfleet.plan.nodes.disks import DiskPlan, VolumePlan

VOLUME_PRICES: tuple[ServiceName, ...] = ("gp3Gib", "gp3Iops", "gp3Throughput")
_GP3_INCLUDED_IOPS = 3000
_GP3_INCLUDED_MIB_PER_SECOND = 125


def disks_price(disks: DiskPlan, prices: Prices) -> Price | None:
    """All volumes of one node for a month."""
    return volumes_price([v for v in (disks.root, disks.cache) if v], prices)


def cache_price(disks: DiskPlan, prices: Prices) -> Price | None:
    """What keeping weights on a volume of their own costs one node a month; 0 on local disks."""
    return volumes_price([disks.cache] if disks.cache else [], prices)


def volumes_price(volumes: Sequence[VolumePlan], prices: Prices) -> Price | None:
    """Volumes for a month; None where a price is missing in the region."""
    per_gib, per_iops, per_mibps = (prices.service(name) for name in VOLUME_PRICES)
    if per_gib is None or per_iops is None or per_mibps is None:
        return None
    usd = sum(
        volume.size_gib * per_gib.usd
        + max(0, volume.iops - _GP3_INCLUDED_IOPS) * per_iops.usd
        + max(0, volume.throughput_mib_per_second - _GP3_INCLUDED_MIB_PER_SECOND) * per_mibps.usd
        for volume in volumes
    )
    found = (per_gib, per_iops, per_mibps)
    return Price(
        usd=usd,
        source="; ".join(dict.fromkeys(price.source for price in found)),
        date=min(price.date for price in found),
    )
