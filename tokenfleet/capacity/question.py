"""What is asked about spot: each model of a stack on its pool, with its own start and drain."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.replay.replay import Pool
from tokenfleet.catalogue.spot import spot_price
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS


@dataclass(frozen=True, kw_only=True)
class Question:
    """One model on spot; times in seconds, ``spot_price`` of an on-demand node's.

    ``spot_most`` and ``on_demand_most`` nodes are what the tiers of its pool may have.
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

    @property
    def knobs(self) -> Knobs:
        """What the policy is set to."""
        return Knobs(
            boot=self.boot_seconds,
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
        )
        for model in plan.models
        if (zones := zones_by_pool[model.pool])
        for most in [{tier.purchase_option: tier.max_nodes for tier in pools[model.pool].tiers}]
        for price, source in [spot_price(model.cold_start.instance_type, plan.region)]
    ]
