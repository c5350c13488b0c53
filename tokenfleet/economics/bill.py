"""What a stack costs before a single token is served: fixed lines, and what is billed by use."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.instances import on_demand_usd_per_hour, price_source, prices_as_of
from tokenfleet.catalogue.services import ServiceName, service_prices
from tokenfleet.plan.disks import DiskPlan, VolumePlan
from tokenfleet.plan.node_groups import NodeGroupPlan
from tokenfleet.plan.stack import Plan

# AWS bills by the hour and quotes by a month of 730 of them.
HOURS_PER_MONTH = 730
_GP3_INCLUDED_IOPS = 3000
_GP3_INCLUDED_MIB_PER_SECOND = 125


@dataclass(frozen=True, kw_only=True)
class CostLine:
    """One line of the bill; ``usd_per_month`` is None where no price is known, never zero."""

    title: str
    quantity: float
    unit: str
    usd_per_unit: float | None
    usd_per_month: float | None
    source: str
    as_of: str


@dataclass(frozen=True, kw_only=True)
class HourlyRange:
    """The least and the most a tier costs an hour in US dollars, volumes included.

    The upper end takes the on-demand price of the dearest type for every node, which spot
    never exceeds unless a higher maximum is asked for; the lower end counts the minimum nodes
    (for spot: at nothing, because no spot price is in the catalogue).
    """

    least_usd: float
    most_usd: float


def fixed_lines(plan: Plan) -> Sequence[CostLine]:
    """What is billed every month whether or not anyone calls a model."""
    zones = len(plan.network.private_subnets)
    lines = [
        _service(plan, "eksControlPlane", 1, HOURS_PER_MONTH),
        _service(plan, "natGateway", len(plan.network.nat_zones), HOURS_PER_MONTH),
        _service(plan, "publicIpv4", len(plan.network.nat_zones), HOURS_PER_MONTH),
        _service(plan, "kmsKey", 1, 1),
    ]
    if plan.network.interface_endpoints:
        endpoints = len(plan.network.interface_endpoints) * zones
        lines.append(_service(plan, "interfaceEndpoint", endpoints, HOURS_PER_MONTH))
    if plan.edge.exposure == "internal":
        lines.append(_service(plan, "networkLoadBalancer", len(plan.models), HOURS_PER_MONTH))
    for pool, groups in plan.node_groups_by_pool.items():
        for group in groups:
            if group.min_nodes:
                lines.extend(_minimum_nodes(plan, pool, group))
    return lines


def usage_prices(plan: Plan) -> Sequence[CostLine]:
    """Prices of what is billed by use: how much is not known before anyone uses it."""
    names: Sequence[ServiceName] = ("natGatewayData", "logsIngested", "s3Standard")
    return [_service(plan, name, 0, 0) for name in names]


def hourly_range(plan: Plan, group: NodeGroupPlan) -> HourlyRange:
    """The price range of one tier."""
    spot = group.purchase_option == "spot"
    prices = [
        (
            on_demand_usd_per_hour(kind, plan.region),
            disks_usd_per_month(group.template_of(kind).disks, plan.region) / HOURS_PER_MONTH,
        )
        for kind in group.instance_types
    ]
    return HourlyRange(
        least_usd=group.min_nodes * min((0.0 if spot else node) + disks for node, disks in prices),
        most_usd=group.max_nodes * max(node + disks for node, disks in prices),
    )


def disks_usd_per_month(disks: DiskPlan, region: str) -> float:
    """The volumes of one node."""
    return sum(volume_usd_per_month(v, region) for v in (disks.root, disks.cache) if v)


def cache_usd_per_month(disks: DiskPlan, region: str) -> float:
    """What keeping weights on a volume of their own costs one node; nothing on local disks."""
    return volume_usd_per_month(disks.cache, region) if disks.cache else 0.0


def volume_usd_per_month(volume: VolumePlan, region: str) -> float:
    """A gp3 volume: size, and what it has above the included IOPS and throughput."""
    per_gib, per_iops, per_mibps = (
        service_prices()[name].usd_by_region[region]
        for name in ("gp3Gib", "gp3Iops", "gp3Throughput")
    )
    return (
        volume.size_gib * per_gib
        + max(0, volume.iops - _GP3_INCLUDED_IOPS) * per_iops
        + max(0, volume.throughput_mib_per_second - _GP3_INCLUDED_MIB_PER_SECOND) * per_mibps
    )


def _service(plan: Plan, name: ServiceName, count: float, units_per_month: float) -> CostLine:
    price = service_prices()[name]
    usd = price.usd_by_region.get(plan.region)
    return CostLine(
        title=price.title,
        quantity=count,
        unit=price.unit,
        usd_per_unit=usd,
        usd_per_month=None if usd is None else usd * count * units_per_month,
        source=price.source,
        as_of=price.date.isoformat(),
    )


def _minimum_nodes(plan: Plan, pool: str, group: NodeGroupPlan) -> Iterator[CostLine]:
    # On demand the first type listed is asked for first.
    kind = group.instance_types[0]
    usd = on_demand_usd_per_hour(kind, plan.region)
    yield CostLine(
        title=f"{pool} nodes that always run, {kind}",
        quantity=group.min_nodes,
        unit="hour",
        usd_per_unit=usd,
        usd_per_month=usd * group.min_nodes * HOURS_PER_MONTH,
        source=price_source(kind, plan.region),
        as_of=prices_as_of(),
    )
    price, disks = service_prices()["gp3Gib"], group.template_of(kind).disks
    for use, volume in (("root", disks.root), ("cache", disks.cache)):
        if volume is None:
            continue
        usd = volume_usd_per_month(volume, plan.region)
        yield CostLine(
            title=f"{pool} {use} volumes, gp3 {volume.size_gib} GiB",
            quantity=group.min_nodes,
            unit="month",
            usd_per_unit=usd,
            usd_per_month=usd * group.min_nodes,
            source=price.source,
            as_of=price.date.isoformat(),
        )
