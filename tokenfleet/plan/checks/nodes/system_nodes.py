"""Nodes of the cluster's own: room for all that has to run there."""

from collections.abc import Iterator

from tokenfleet.catalogue.machines.instances import instance_types
from tokenfleet.mistakes import Mistake
from tokenfleet.plan.system_room import residents, room_for_edge
from tokenfleet.settings.draft import Draft


def system_node_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Too few or too small to hold the edge, and one pod more of it while it is rolled out."""
    if draft.cluster is None or draft.edge is None:
        return
    nodes, least = draft.cluster.system_nodes, draft.edge.replicas.min
    kind = instance_types().get(nodes.instance_type)
    if kind is None:
        return  # reported at the nodes
    beside = residents(
        spot=any("spot" in pool.tiers for pool in draft.pools.values()),
        # Also those that are not published yet: they are to be.
        scaling=any(m.replicas.min < m.replicas.max for m in draft.models.values()),
    )
    room = room_for_edge(kind, nodes.count, beside)
    if room <= least:
        yield Mistake(
            path="cluster.systemNodes",
            value=f"{nodes.count} x {nodes.instance_type}",
            problem=(
                f"beside {', '.join(each.name for each in beside)} has room for {room} pods of the"
                f" edge; edge.replicas.min {least}, and one that a rollout adds, are {least + 1}: use"
                " larger or more nodes, or lower it"
            ),
        )
