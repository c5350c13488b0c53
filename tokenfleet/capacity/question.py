"""What is asked about spot: each model of a stack on its pool, with its own start and drain."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.replay.replay import Pool
from tokenfleet.catalogue.places.spot import spot_price
from tokenfleet.plan.capacity.warm import warm_group
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS


@dataclass(frozen=True, kw_only=True)
class Question:
    """One model on spot; times in seconds, ``spot_price`` of an on-demand node's.

    ``spot_most`` and ``on_demand_most`` nodes are what the tiers of its pool may have. ``warm``
    nodes wait stopped; such a one serves ``warm_seconds`` after it was asked for, where the pool
    could have any. Models of a pool share them, and each is asked about as if it were alone.
    """

    model: str
    pool: str
    replicas: int
    zones: tuple[str, ...]
    boot_seconds: float
    drain_seconds: float
    spot_price: float
    spot_price_source: str
    care: float
    spare: int
    spot_most: int
    on_demand_most: int
    warm: int = 0
    warm_seconds: float | None = None

    @property
    def knobs(self) -> Knobs:
        """What the policy is set to."""
        return Knobs(
            boot=self.boot_seconds,
            warm_boot=math.inf if self.warm_seconds is None else self.warm_seconds,
            serves=max(0.0, SPOT_NOTICE_SECONDS - self.drain_seconds),
            spot_price=self.spot_price,
            care=self.care,
            spare=self.spare,
            spot_most=self.spot_most,
            on_demand_most=self.on_demand_most,
        )

    @property
    def played(self) -> Pool:
        """What is replayed."""
        return Pool(
            wanted=self.replicas,
            boot=self.boot_seconds,
            warm=self.warm,
            warm_boot=self.knobs.warm_boot,
            notice=SPOT_NOTICE_SECONDS,
            drain=self.drain_seconds,
            spot_price=self.spot_price,
        )


def questions(
    plan: Plan,
    *,
    replicas: int | None = None,
    care: float | None = None,
    spare: int | None = None,
) -> Sequence[Question]:
    """One for every model whose pool has a spot tier: its fewest replicas, one at least.

    ``replicas``, ``care`` and ``spare`` are asked about instead of the stack's own.
    """
    zones_by_pool = {
        pool: next((tuple(g.zones) for g in groups if g.purchase_option == "spot"), ())
        for pool, groups in plan.node_groups_by_pool.items()
    }
    pools = {pool.name: pool for pool in plan.pools}
    return [
        Question(
            model=model.name,
            pool=model.pool,
            replicas=replicas or max(1, model.min_replicas),
            zones=zones,
            boot_seconds=model.cold_start.total.expected,
            drain_seconds=model.drain.grace_seconds,
            spot_price=price,
            spot_price_source=source,
            care=pools[model.pool].care if care is None else care,
            spare=pools[model.pool].spare if spare is None else spare,
            spot_most=most.get("spot", 0),
            on_demand_most=most.get("on-demand", 0),
            warm=warm.warm_pool.nodes if warm and warm.warm_pool else 0,
            warm_seconds=_warm_seconds(model),
        )
        for model in plan.models
        if (zones := zones_by_pool[model.pool])
        for most in [{tier.purchase_option: tier.max_nodes for tier in pools[model.pool].tiers}]
        for warm in [warm_group(plan.node_groups_by_pool[model.pool])]
        for price, source in [spot_price(model.cold_start.instance_type, plan.region)]
    ]


def _warm_seconds(model: ModelPlan) -> float | None:
    """From the order to start a stopped node to a replica on it, whether or not there are any."""
    starts = [
        choice.start.total.expected
        for choice in model.start_choices
        if choice.prepared == "warm" and choice.start is not None
    ]
    return min(starts, default=None)
