"""What a new node of a pool fetches for all the models that the pool serves."""

from collections.abc import Sequence

from tokenfleet.plan.nodes.disks import WITH_ARTIFACTS
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.ranges import Range, exactly
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.start.fetches import Fetch, replica_fetches


def pool_fetches(models: Sequence[ModelPlan], pool: PoolPlan) -> Sequence[Fetch]:
    """GB by what and way; the boot script fetches every model of the pool, each revision once.

    Drafts are among them. Adapters are left out, as everywhere: nobody knows their size before they
    are published.
    """
    served = [model for model in models if model.pool == pool.name]
    gb_by_snapshot: dict[str, Range] = {}
    for model in served:
        most = WITH_ARTIFACTS if model.artifacts else 1
        gb = model.weights_gb
        gb_by_snapshot[model.snapshots[0]] = Range(low=gb, expected=gb, high=gb * most)
        if model.speculation and model.speculation.draft_gb:
            place = model.speculation.draft or f"{model.snapshots[0]}, layers that draft"
            gb_by_snapshot[place] = exactly(model.speculation.draft_gb)
    weights = exactly(0)
    for gb in gb_by_snapshot.values():
        weights += gb
    return replica_fetches(
        pool.engine,
        pool.ami_variant,
        weights,
        image_cached=any(model.image_cached for model in served),
    )
