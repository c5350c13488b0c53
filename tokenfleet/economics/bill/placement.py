"""Which tier the replicas of a pool run on, and what is paid for that none runs on."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.plan.nodes.groups import NodeGroupPlan

_NO_NODE = 1e-9


@dataclass(frozen=True, kw_only=True)
class TierNodes:
    """Nodes of one tier, means over time.

    ``kept`` and ``added`` run replicas: those that a minimum or a reservation keeps, and those
    that were launched for them. ``idle`` are kept and run none.
    """

    group: NodeGroupPlan
    kept: float
    added: float
    idle: float

    @property
    def paid(self) -> float:
        """All of them."""
        return self.kept + self.added + self.idle


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A pool's nodes by tier; ``unplaced`` are beyond what its tiers may have."""

    tiers: Sequence[TierNodes]
    unplaced: float

    @property
    def spot_share(self) -> float | None:
        """The part of the nodes with replicas that is spot; None where no replica has a node."""
        used = {tier.group.role: tier.kept + tier.added for tier in self.tiers}
        spot = [t.group.role for t in self.tiers if t.group.purchase_option == "spot"]
        every = sum(used.values())
        return sum(used[role] for role in spot) / every if every else None


def place(
    groups: Sequence[NodeGroupPlan], needed: float, spot_share: float, *, no_spot: bool = False
) -> Placement:
    """Spread ``needed`` nodes over the tiers of a pool as its autoscaler does.

    First what is paid for anyway: a reservation (all of it, whether used or not), then minimum
    nodes. Of the rest ``spot_share`` is spot as far as that tier goes, the rest on demand; what
    one of them cannot take the other does, except that with ``no_spot`` nothing is spot.
    """
    left = needed
    placed: dict[str, tuple[float, float, float]] = {}
    for group in groups:
        # The reservation is taken to be as large as the tier may grow.
        keeps = group.max_nodes if group.purchase_option == "reserved" else group.min_nodes
        kept = min(left, keeps)
        left -= kept
        placed[group.role] = (kept, 0.0, keeps - kept)
    growing = [group for group in groups if group.purchase_option != "reserved"]
    shares = {"spot": spot_share, "on-demand": 1 - spot_share}
    wanted = {group.role: left * shares[group.purchase_option] for group in growing}
    room = {group.role: float(group.max_nodes - group.min_nodes) for group in growing}
    added = {role: min(nodes, room[role]) for role, nodes in wanted.items()}
    left -= sum(added.values())
    for group in growing:
        if group.purchase_option == "spot" and no_spot:
            continue
        more = min(left, room[group.role] - added[group.role])
        added[group.role] += more
        left -= more
    return Placement(
        tiers=[
            TierNodes(
                group=group,
                kept=placed[group.role][0],
                added=added.get(group.role, 0.0),
                idle=placed[group.role][2],
            )
            for group in groups
        ],
        # What is left of a subtraction of floats is no node.
        unplaced=left if left > _NO_NODE else 0.0,
    )
