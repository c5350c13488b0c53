"""What to know of addresses: that one zone alone could not hold every node."""

from collections.abc import Iterator

from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.plan.network import private_size
from tokenfleet.plan.nodes.addresses import Nodes, addresses_of, needed_in, subnet_use
from tokenfleet.plan.nodes.groups import SYSTEM_POOL
from tokenfleet.plan.stack import Plan


def address_notes(plan: Plan) -> Iterator[str]:
    """Evenly spread, nodes fit, or the stack would be refused; when other zones are dry, do they?"""
    use = subnet_use(
        private_size(plan.network.vpc_cidr),
        endpoints=len(plan.network.interface_endpoints),
        load_balancers=1 if plan.edge.exposure == "internal" else 0,
    )
    needed = max(_needed_alone(plan, subnet.zone) for subnet in plan.network.private_subnets)
    if needed > use.free:
        yield (
            f"network.cidr {plan.network.vpc_cidr}: were only one zone to have capacity, its"
            f" subnet could not address every node: they take {needed:,} addresses at most, it has"
            f" {use.free:,}. Nodes beyond that would stay without pods."
        )


def _needed_alone(plan: Plan, zone: str) -> int:
    """Addresses in a zone where all nodes are that may be there."""
    return needed_in(
        zone,
        [
            Nodes(
                title=pool,
                most=group.max_nodes,
                zones=[zone],
                each=addresses_of(
                    [instance_type(name) for name in group.instance_types],
                    serving=pool != SYSTEM_POOL,
                ),
            )
            for pool, groups in plan.node_groups_by_pool.items()
            for group in groups
            if zone in group.zones
        ],
    )
