"""What is asked about spot: each model of a stack on its pool, with its own start and drain."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.replay.replay import Pool
from tokenfleet.catalogue.spot import spot_saving
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS

# What a pool is set to where nobody says otherwise.
_CARE, _SPARE = 1.0, 0
_ASSUMED_SPOT_PRICE = 0.3


@dataclass(frozen=True, kw_only=True)
class Question:
    """One model on spot; times in seconds, ``spot_price`` of an on-demand node's."""

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

    @property
    def knobs(self) -> Knobs:
        """What the policy is set to."""
        return Knobs(
            boot=self.boot_seconds,
            serves=max(0.0, SPOT_NOTICE_SECONDS - self.drain_seconds),
            spot_price=self.spot_price,
            care=self.care,
            spare=self.spare,
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
            care=_CARE if care is None else care,
            spare=_SPARE if spare is None else spare,
        )
        for model in plan.models
        if (zones := zones_by_pool[model.pool])
        for price, source in [_spot_price(model.cold_start.instance_type, plan.region)]
    ]


def _spot_price(instance_type: str, region: str) -> tuple[float, str]:
    """Of the on-demand price, and how that is known."""
    saving = spot_saving(instance_type, region)
    if saving is None:
        return _ASSUMED_SPOT_PRICE, "assumed"
    return round(1 - saving.share, 3), saving.source
