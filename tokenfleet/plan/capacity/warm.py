"""Nodes that wait stopped beside a pool with a spot tier: how many, and how soon they serve."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.start.budget import ColdStart


@dataclass(frozen=True, kw_only=True)
class WarmNodes:
    """``nodes`` that wait beside a group, by its physical name; times in seconds.

    One serves ``start_seconds`` after it was asked for, and runs after ``draw_seconds`` at the
    latest, or will not.
    """

    group: str
    nodes: int
    start_seconds: float
    draw_seconds: float


def warm_group(groups: Sequence[NodeGroupPlan]) -> NodeGroupPlan | None:
    """The group of a pool on which the capacity controller may draw stopped nodes, if there is one."""
    if not any(group.purchase_option == "spot" for group in groups):
        return None
    return next((g for g in groups if g.warm_pool is not None and g.warm_pool.nodes), None)


def warm_nodes(
    groups: Sequence[NodeGroupPlan], starts: Sequence[ColdStart | None]
) -> WarmNodes | None:
    """Those of a pool; ``starts`` are of the models on it, from a stopped node."""
    group, known = warm_group(groups), [start for start in starts if start is not None]
    if group is None or group.warm_pool is None or not known:
        return None
    return WarmNodes(
        group=group.physical_name,
        nodes=group.warm_pool.nodes,
        start_seconds=max(start.total.expected for start in known),
        draw_seconds=max(start.boot.seconds.high for start in known),
    )
