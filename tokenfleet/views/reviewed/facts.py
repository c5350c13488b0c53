"""What the drawing of a stack says of each of its parts, in words that can be compared."""

from collections.abc import Iterator, Mapping

from tokenfleet.views.drawing.architecture.drawn import DrawnPool, DrawnStack
from tokenfleet.views.drawing.architecture.marks import Part
from tokenfleet.views.figures import bounds, nodes

Facts = Mapping[str, str]
"""By name; the name of what says by itself what it is may be empty."""


def facts_of(stack: DrawnStack) -> Mapping[Part, Facts]:
    """Every part that is drawn, from the outside in. Prices are none of it: the bill has them."""
    return dict(_parts(stack))


def _parts(stack: DrawnStack) -> Iterator[tuple[Part, Facts]]:
    plan = stack.plan
    yield Part("region"), {"name": plan.region}
    yield from _ways_in(stack)
    network = plan.network
    yield Part("VPC"), {"range": str(network.vpc_cidr)}
    public = {subnet.zone: subnet.cidr for subnet in network.public_subnets}
    for subnet in network.private_subnets:
        zone = subnet.zone
        ranges = {"public subnet": str(public[zone]), "private subnet": str(subnet.cidr)}
        way_out = f"NAT in {network.nat_zone_by_zone[zone]}"
        yield Part("zone", zone), {**ranges, "out by": way_out}
    yield from ((Part("NAT gateway", zone), {}) for zone in network.nat_zones)
    for pool in stack.pools:
        yield from _pool(pool)
    for model in stack.models:
        served = model.plan
        yield (
            Part("model", served.name),
            {
                "pool": served.pool,
                "": bounds(served.min_replicas, served.max_replicas, "replica"),
                "engine": f"vLLM {model.engine_version}",
                "context": f"{served.context_length:,} tokens",
            },
        )
    yield from _for_all(stack)
    if network.interface_endpoints:
        names = ", ".join(network.interface_endpoints)
        yield Part("interface endpoints"), {"names": names}


def _ways_in(stack: DrawnStack) -> Iterator[tuple[Part, Facts]]:
    edge, cluster = stack.plan.edge, stack.plan.cluster
    yield (
        Part("way in"),
        {
            "exposure": edge.exposure,
            "clients": ", ".join(sorted(map(str, edge.allowed_cidrs))) or "none",
            "certificate": edge.certificate_arn or "none",
        },
    )
    public = ", ".join(map(str, cluster.public_access_cidrs))
    yield (
        Part("control plane"),
        {"version": cluster.kubernetes_version, "public endpoint": f"for {public or 'nobody'}"},
    )
    yield Part("bucket"), {}
    yield Part("gateway endpoint"), {}


def _for_all(stack: DrawnStack) -> Iterator[tuple[Part, Facts]]:
    edge = stack.plan.edge
    if edge.most_pods:
        names = ", ".join(each.name for each in edge.names)
        yield Part("edge"), {"": bounds(edge.least_pods, edge.most_pods, "pod"), "names": names}
    for scaling in stack.plan.scaling:
        yield Part("scaling"), {"of": ", ".join(each.model for each in scaling.followed)}


def _pool(pool: DrawnPool) -> Iterator[tuple[Part, Facts]]:
    own = {"hardware": pool.hardware, "instance types": ", ".join(pool.instance_types)}
    tiers = {
        tier.purchase_option: {
            "": nodes(tier.min_nodes, tier.max_nodes, tier.warm_nodes),
            "zones": ", ".join(tier.zones),
        }
        for tier in pool.tiers
    }
    if not pool.hardware:
        # System nodes are one group, whatever it is bought as.
        own = {name: said for facts in (own, *tiers.values()) for name, said in facts.items()}
    yield Part("pool", pool.name), own
    for option, facts in tiers.items() if pool.hardware else ():
        yield Part("tier", f"{pool.name}/{option}"), facts
