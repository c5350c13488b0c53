"""What the nodes of a pool cost: each tier's hours and volumes, and why they are paid."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tokenfleet.capacity.expected import spot_shares
from tokenfleet.economics.bill.lines import MONTH, BillLine, Cause, service_line
from tokenfleet.economics.bill.node_price import NodePrice, Outlook, node_price
from tokenfleet.economics.bill.overhead import volumes_line
from tokenfleet.economics.bill.placement import Placement, TierNodes, place
from tokenfleet.economics.bill.scenario import Buying, Scenario
from tokenfleet.economics.bill.ways import image_gib
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class _Reference:
    """What a pool's nodes are compared with: its cheapest price, and the share that is spare."""

    cheapest_usd: float | None
    spare_share: float


def pool_placement(plan: Plan, pool: str, scenario: Scenario, outlook: Outlook) -> Placement:
    """The tiers that the replicas of a pool run on."""
    return place(
        plan.node_groups_by_pool[pool],
        _of_pool(plan, pool, scenario.replicas),
        _spot_share(plan, pool, scenario.buying, outlook),
        no_spot=scenario.buying.no_spot,
    )


def pool_lines(
    plan: Plan, placement: Placement, pool: str, scenario: Scenario, outlook: Outlook
) -> Iterator[BillLine]:
    """Every tier with nodes, and their volumes."""
    tiers = [
        (tier, price, _at(price, outlook))
        for tier in placement.tiers
        for price in (node_price(tier.group, plan.prices, scenario.buying),)
    ]
    growing = [
        usd
        for tier, _, usd in tiers
        if usd is not None and tier.group.purchase_option != "reserved"
    ]
    used = sum(tier.kept + tier.added for tier in placement.tiers)
    spares = _of_pool(plan, pool, scenario.spares)
    reference = _Reference(
        cheapest_usd=min(growing, default=None),
        spare_share=min(1.0, spares / used) if used else 0.0,
    )
    for tier, price, usd in tiers:
        if tier.paid:
            yield _node_line(pool, tier, price, usd, reference)
            # A reservation holds capacity; volumes come with nodes that are launched into it.
            launched = max(tier.group.min_nodes, tier.kept + tier.added)
            title = f"{pool} {tier.group.purchase_option}"
            yield volumes_line(title, tier.group, launched, plan.prices, pool=pool)
    for group in plan.node_groups_by_pool[pool]:
        if group.warm_pool:
            yield _warm_line(pool, group, group.warm_pool.nodes, plan)
    yield from _baked_line(pool, plan)


def _warm_line(pool: str, group: NodeGroupPlan, nodes: int, plan: Plan) -> BillLine:
    """The disks of stopped nodes, which are all that is paid of them.

    Amazon EBS pricing page: volumes are billed as provisioned, whatever the instance does. The
    hours in which a node gets ready are not here: one for each that is drawn.
    """
    return volumes_line(
        f"{pool} {group.purchase_option} warm pool", group, nodes, plan.prices, pool=pool
    )


def _baked_line(pool: str, plan: Plan) -> Iterator[BillLine]:
    """The snapshots of a baked image, by what is on them; filling volumes is billed by use.

    One image serves all of the pool's nodes; of the weights each model's own.
    """
    ways = [
        choice
        for model in plan.models
        if model.pool == pool
        for choice in model.start_choices
        if choice.in_use and choice.prepared == "baked" and choice.start
    ]
    if not ways:
        return
    image = max(image_gib(way.start) for way in ways if way.start)
    stored = image + sum(way.weights_gb for way in ways) * 1e9 / 2**30
    yield service_line(
        f"{pool} baked image",
        stored,
        "GB-month",
        plan.prices.service("snapshotGib"),
        missing=f"snapshots in {plan.region}",
        pool=pool,
        per_hour=MONTH,
        price_names=["snapshotGib"],
    )


def _of_pool(plan: Plan, pool: str, by_model: Mapping[str, float]) -> float:
    return sum(by_model.get(model.name, 0.0) for model in plan.models if model.pool == pool)


def _spot_share(plan: Plan, pool: str, buying: Buying, outlook: Outlook) -> float:
    """As asked, else as forecast; dear spot is rare spot."""
    if buying.spot_share is not None:
        return buying.spot_share
    share = spot_shares(plan).get(pool)
    if share is None:
        return 0.0
    return {"low": share.high, "expected": share.expected, "high": share.low}[outlook]


def _at(price: NodePrice, outlook: Outlook) -> float | None:
    usd = price.usd
    if usd is None:
        return None
    return {"low": usd.low, "expected": usd.expected, "high": usd.high}[outlook]


def _node_line(
    pool: str, tier: TierNodes, price: NodePrice, usd: float | None, reference: _Reference
) -> BillLine:
    group = tier.group
    on_demand_rate = group.purchase_option != "spot" and not group.capacity_block
    return BillLine(
        title=f"{pool} {_bought(group)}",
        pool=pool,
        quantity=tier.paid,
        unit="hour",
        usd_per_unit=usd,
        usd_per_hour=None if usd is None else usd * tier.paid,
        usd_per_hour_by_cause={} if usd is None else _causes(tier, usd, reference),
        source=price.source,
        as_of=price.date,
        on_demand_type=group.instance_types[0] if on_demand_rate else None,
        price_names=group.instance_types
        if group.purchase_option == "spot"
        else group.instance_types[:1],
    )


def _causes(tier: TierNodes, usd: float, reference: _Reference) -> Mapping[Cause, float]:
    """US dollars an hour by cause; what is reserved is compared with nothing."""
    reserved = tier.group.purchase_option == "reserved"
    base = usd if reserved else min(usd, reference.cheapest_usd or usd)
    spare = reference.spare_share
    nodes = (tier.kept + tier.added) * base
    causes: Mapping[Cause, float] = {
        "nodes": nodes * (1 - spare),
        "spot premium": nodes * spare + tier.kept * (usd - base),
        "fallback": tier.added * (usd - base),
        "idle": tier.idle * usd,
    }
    return {cause: amount for cause, amount in causes.items() if amount}


def _bought(group: NodeGroupPlan) -> str:
    first, others = group.instance_types[0], len(group.instance_types) - 1
    match group.purchase_option:
        case "spot" if others:
            return f"nodes on spot, {first} or {others} other {'types' if others > 1 else 'type'}"
        case "spot":
            return f"nodes on spot, {first}"
        case "on-demand":
            return f"nodes on demand, {first}"
        case "reserved":
            how = "capacity block" if group.capacity_block else "capacity reservation"
            return f"nodes in a {how}, {first}"
