"""What to know of the nodes of the cluster's own: how far the edge can grow on them."""

from collections.abc import Iterator

from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.plan.nodes.groups import SYSTEM_POOL
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.system_room import residents, room_for_edge


def system_node_notes(plan: Plan) -> Iterator[str]:
    """More pods of the edge than have room wait for it, and a rollout adds one."""
    (group,) = plan.node_groups_by_pool[SYSTEM_POOL]
    (kind,) = group.instance_types
    beside = residents(
        spot=bool(plan.capacity),
        scaling=any(model.min_replicas < model.max_replicas for model in plan.models),
    )
    room, most = room_for_edge(instance_type(kind), group.min_nodes, beside), plan.edge.most_pods
    if room <= most:
        yield (
            f"cluster.systemNodes: {group.min_nodes} x {kind} has room for {room} pods of the edge,"
            f" one of which a rollout adds: more than {room - 1} (edge.replicas.max is {most}) wait"
            " under load. Lower it, or use larger or more nodes."
        )
