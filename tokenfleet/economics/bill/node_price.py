"""What an hour of a node costs in each tier, and how sure that is."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Literal

from tokenfleet.catalogue.facts import Price
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.catalogue.places.spot import spot_drift, spot_prices, spot_saving
from tokenfleet.economics.bill.lines import MONTH
from tokenfleet.economics.bill.scenario import Buying
from tokenfleet.economics.bill.volumes import disks_price
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.ranges import Range, exactly, range_of

Outlook = Literal["low", "expected", "high"]
"""How spot turns out: cheap and plentiful, as expected, or dear and rare."""


@dataclass(frozen=True, kw_only=True)
class NodePrice:
    """A price with its range; ``usd`` is None where none is known, ``date`` where it was given."""

    usd: Range | None
    source: str
    date: dt.date | None


@dataclass(frozen=True, kw_only=True)
class HourlyRange:
    """The least and the most a tier costs an hour in US dollars, volumes included.

    The least is the minimum nodes; the most takes the on-demand price of the dearest type for
    every node, which spot never exceeds unless a higher maximum is asked for. None where a price
    is missing.
    """

    least_usd: float | None
    most_usd: float | None


def node_price(group: NodeGroupPlan, prices: Prices, buying: Buying) -> NodePrice:
    """An hour of a node of that tier.

    On demand the first type listed is asked for first. A capacity reservation is billed at the
    on-demand rate whether used or not. A capacity block is paid up front at a price of its own.
    """
    first = group.instance_types[0]
    if group.purchase_option == "spot":
        return _spot_price(group, prices, buying)
    if group.capacity_block:
        usd = buying.capacity_block_usd_per_hour.get(first)
        if usd is None:
            return _no_price(f"a capacity block of {first}, which has no list price,")
        return NodePrice(usd=exactly(usd), source="given", date=None)
    listed = prices.on_demand(first)
    if listed is None:
        return _no_price(f"{first} in {prices.region}")
    return NodePrice(usd=exactly(listed.usd), source=listed.source, date=listed.date)


def _no_price(missing: str) -> NodePrice:
    return NodePrice(usd=None, source=f"no price of {missing} is known", date=None)


def hourly_range(group: NodeGroupPlan, prices: Prices, buying: Buying) -> HourlyRange:
    """The price range of one tier."""
    node = node_price(group, prices, buying).usd
    disks = [disks_price(group.template_of(kind).disks, prices) for kind in group.instance_types]
    volumes = min((price.usd * MONTH for price in disks if price), default=None)
    listed = [_with_disks(group, kind, prices) for kind in group.instance_types]
    known = [usd for usd in listed if usd is not None]
    return HourlyRange(
        least_usd=_times(
            group.min_nodes, None if node is None or volumes is None else node.low + volumes
        ),
        most_usd=_times(group.max_nodes, max(known) if len(known) == len(listed) else None),
    )


def disks_of(group: NodeGroupPlan, prices: Prices) -> Price | None:
    """A month of the volumes of one node: on spot the mean of the types, else the first type's."""
    kinds = group.instance_types if group.purchase_option == "spot" else group.instance_types[:1]
    found = [disks_price(group.template_of(kind).disks, prices) for kind in kinds]
    known = [price for price in found if price]
    if len(known) < len(found):
        return None
    return Price(usd=mean(price.usd for price in known), source=known[0].source, date=known[0].date)


def _times(nodes: int, usd: float | None) -> float | None:
    """No nodes cost nothing, whatever one would."""
    return (None if usd is None else nodes * usd) if nodes else 0.0


def _with_disks(group: NodeGroupPlan, kind: str, prices: Prices) -> float | None:
    node, disks = prices.on_demand(kind), disks_price(group.template_of(kind).disks, prices)
    return node.usd + disks.usd * MONTH if node and disks else None


def _spot_price(group: NodeGroupPlan, prices: Prices, buying: Buying) -> NodePrice:
    """Over all types of the tier: EC2 takes whichever has capacity to spare."""
    found = {
        kind: price
        for kind in group.instance_types
        if (price := spot_price_of(kind, group.zones, prices, buying))
    }
    spreads = list(found.values())
    if not spreads:
        return _no_price(f"{', '.join(group.instance_types)} on spot in {prices.region}")
    return NodePrice(
        usd=_over_types([usd for usd, _, _ in spreads]),
        source="; ".join(dict.fromkeys(source for _, source, _ in spreads)),
        date=min((date for _, _, date in spreads if date), default=None),
    )


def spot_price_of(
    kind: str, zones: Sequence[str], prices: Prices, buying: Buying
) -> tuple[Range, str, dt.date | None] | None:
    """What was given, or fetched (over zones), or an old saving allows (over how prices drift)."""
    if kind in buying.spot_usd_per_hour:
        return buying.spot_usd_per_hour[kind], "given", None
    if (stated := prices.given_spot.get(kind)) is not None:
        return exactly(stated.usd), stated.source, stated.date
    fetched = spot_prices(prices.region)
    if fetched and kind in fetched.usd_by_zone_by_type:
        by_zone = fetched.usd_by_zone_by_type[kind]
        # A tier's zones, or the region's where none of them has a price.
        here = [usd for zone, usd in by_zone.items() if zone in zones] or list(by_zone.values())
        spread = Range(low=min(here), expected=median(here), high=max(here))
        return spread, fetched.source, fetched.date
    listed, saving = prices.on_demand(kind), spot_saving(kind, prices.region)
    if listed is None or saving is None:
        return None
    then, drift = listed.usd * (1 - saving.share), range_of(spot_drift())
    capped = Range(
        low=min(listed.usd, then * drift.low),
        expected=min(listed.usd, then * drift.expected),
        high=min(listed.usd, then * drift.high),
    )
    source = f"{listed.source}, less the saving of spot: {saving.source}"
    return capped, source, min(listed.date, saving.date)


def _over_types(prices: Sequence[Range]) -> Range:
    return Range(
        low=min(price.low for price in prices),
        expected=mean(price.expected for price in prices),
        high=max(price.high for price in prices),
    )
