"""Subnets: large enough for every node that the tiers may have."""

from collections.abc import Iterator, Sequence

from tokenfleet.catalogue.machines.instances import InstanceType, instance_types
from tokenfleet.mistakes import Mistake
from tokenfleet.plan.network import private_size
from tokenfleet.plan.nodes.addresses import Nodes, SubnetUse, addresses_of, needed_in, subnet_use
from tokenfleet.plan.nodes.zones import zones_with
from tokenfleet.settings.draft import Draft
from tokenfleet.settings.forms import LARGEST_VPC
from tokenfleet.settings.sections import NetworkSettings


def address_mistakes(draft: Draft) -> Iterator[Mistake]:
    """A VPC whose zones could not address all nodes, were they spread evenly."""
    network = draft.network
    if network is None or not network.zones:
        return
    every = list(_nodes(draft, network))
    internal = draft.edge is not None and draft.edge.exposure == "internal"
    use = subnet_use(
        private_size(network.cidr),
        endpoints=len(network.interface_endpoints),
        load_balancers=1 if internal else 0,
    )
    short = {zone: n for zone in network.zones if (n := needed_in(zone, every)) > use.free}
    if short:
        zone = max(short, key=lambda name: short[name])
        larger = "a larger range (/16 at most), " if network.cidr.prefixlen > LARGEST_VPC else ""
        yield Mistake(
            path="network.cidr",
            value=str(network.cidr),
            problem=(
                f"gives the private subnet of a zone {use.free:,} addresses for nodes"
                f" ({_arithmetic(use)}); {zone} needs {short[zone]:,} when all run:"
                f" {_sum(zone, every)}. Use {larger}more zones, or a lower max of the tiers"
            ),
        )


def _nodes(draft: Draft, network: NetworkSettings) -> Iterator[Nodes]:
    """Every group of nodes whose instance types are known; others are reported elsewhere.

    In the zones that offer one of its types, where those are known.
    """
    zones = sorted(set(network.zones))
    if draft.cluster:
        system = draft.cluster.system_nodes
        if kinds := _known([system.instance_type]):
            each = addresses_of(kinds, serving=False)
            yield Nodes(title="system", most=system.count, zones=zones, each=each)
    for name, pool in draft.pools.items():
        offering = zones_with(pool.instance_types, draft.region or "", network.zone_ids)
        for option, tier in pool.tiers.items():
            only = [tier.reservation.zone] if tier.reservation else sorted(offering) or zones
            if kinds := _known(pool.instance_types):
                each = addresses_of(kinds, serving=True)
                yield Nodes(title=f"{name} {option}", most=tier.max, zones=only, each=each)


def _known(names: Sequence[str]) -> Sequence[InstanceType]:
    return [instance_types()[name] for name in names if name in instance_types()]


def _arithmetic(use: SubnetUse) -> str:
    return f"{use.size:,}" + "".join(f" - {n} of {what}" for what, n in use.taken.items())


def _sum(zone: str, every: Sequence[Nodes]) -> str:
    return " + ".join(
        f"{nodes.title} {nodes.most_in_a_zone:,} nodes x {nodes.each}"
        for nodes in every
        if zone in nodes.zones
    )
