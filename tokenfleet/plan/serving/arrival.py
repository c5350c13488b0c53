"""What a new node of a pool fetches for all the models that the pool serves."""

from collections.abc import Sequence

from tokenfleet.plan.nodes.disks import WITH_ARTIFACTS
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.ranges import Range, exactly
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.start.fetches import Fetch, replica_fetches


def pool_fetches(models: Sequence[ModelPlan], pool: PoolPlan) -> Sequence[Fetch]:
    """GB by what and way; the boot script fetches every model of the pool, each revision once.

    Adapters are left out, as everywhere: nobody knows their size before they are published.
    """
    served = {model.snapshots[0]: model for model in models if model.pool == pool.name}
    weights = exactly(0)
    for model in served.values():
        most = WITH_ARTIFACTS if model.artifacts else 1
        weights += Range(
            low=model.weights_gb, expected=model.weights_gb, high=model.weights_gb * most
        )
    return replica_fetches(
        pool.engine,
        pool.ami_variant,
        weights,
        image_cached=any(model.image_cached for model in served.values()),
    )
