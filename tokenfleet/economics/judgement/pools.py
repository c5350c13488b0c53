"""Whether there are nodes for all replicas, and on demand where spot may be short."""

import math
from collections.abc import Iterator, Sequence

from tokenfleet.counted import count
from tokenfleet.economics.bill.placement import TierNodes
from tokenfleet.economics.bill.pool_nodes import pool_placement
from tokenfleet.economics.fleet_bills import FleetBills
from tokenfleet.economics.judgement.verdict import Verdict
from tokenfleet.economics.model_cost import ModelCost
from tokenfleet.plan.nodes.pools import PoolPlan

# Less of a node is what is left of a mean.
_NO_NODE = 0.005


def verdicts_on_nodes(bills: FleetBills) -> Iterator[Verdict]:
    """Replicas beyond the nodes of a pool, all its models counted: one replica takes one node."""
    for pool in bills.plan.pools:
        models = [model for model in bills.plan.models if model.pool == pool.name]
        room = bills.room(pool.name)
        sums = {
            "min": sum(model.min_replicas for model in models),
            "max": sum(model.max_replicas for model in models),
        }
        for bound, total in sums.items():
            if total <= room:
                continue
            keys = " + ".join(f"models.{model.name}.replicas.{bound}" for model in models)
            never = total - room
            kind = " that are not spot" if bills.what_if.buying.no_spot else ""
            yield Verdict(
                judged="nodes",
                fails=bound == "min",
                place=f"pools.{pool.name}",
                problem=(
                    f"{keys} is {count(total, 'replica')} for {count(room, 'node')}{kind}:"
                    f" {count(never, 'replica')} never {'starts' if never == 1 else 'start'}"
                ),
                way_out=(
                    f"set replicas.{bound} to {room:,} together, or the tiers of pools.{pool.name}"
                    f" to {total:,} nodes together"
                ),
            )
            break


def verdicts_on_spot(bills: FleetBills, models: Sequence[ModelCost]) -> Iterator[Verdict]:
    """Nodes that the bill has on spot because nothing else is left, and spot that was asked for."""
    scenario = bills.scenario({model.name: model.replicas for model in models})
    asked = bills.what_if.buying.spot_share
    for pool in bills.plan.pools:
        placed = pool_placement(bills.plan, pool.name, scenario, "expected")
        by_option = {tier.group.purchase_option: tier for tier in placed.tiers}
        spot, on_demand = by_option.get("spot"), by_option.get("on-demand")
        if not spot:
            continue
        added = spot.added + (on_demand.added if on_demand else 0.0)
        room = _room(on_demand)
        stranded = added - room
        if asked is None and stranded > _NO_NODE:
            yield Verdict(
                judged="spot",
                fails=False,
                place=f"pools.{pool.name}.tiers.on-demand" + (".max" if on_demand else ""),
                problem=(
                    f"{stranded:,.3g} of {added:,.3g} nodes are priced as spot at all times: on demand"
                    f" {'there is room for ' + format(room, ',.3g') if on_demand else 'is no tier'},"
                    " so that without spot their replicas wait"
                ),
                way_out=_room_on_demand(pool, on_demand, stranded),
            )
        elif asked is not None and spot.added < asked * added - _NO_NODE:
            yield Verdict(
                judged="spot",
                fails=False,
                place=f"pools.{pool.name}.tiers.spot.max",
                problem=(
                    f"{asked:.0%} spot was asked for: the tier holds {spot.added:,.3g} of"
                    f" {added:,.3g} nodes, the rest is priced on demand"
                ),
                way_out=f"set it to {math.ceil(asked * added + spot.kept):,}",
            )


def _room(tier: TierNodes | None) -> float:
    return float(tier.group.max_nodes) - tier.kept if tier else 0.0


def _room_on_demand(pool: PoolPlan, tier: TierNodes | None, stranded: float) -> str:
    more = math.ceil(stranded)
    if tier:
        return f"set it to {tier.group.max_nodes + more:,}"
    return f"add it to pools.{pool.name}.tiers with max: {more:,}"
