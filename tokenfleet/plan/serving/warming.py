"""What the nodes of a pool's warm pool do before they are stopped, for all models of the pool."""

from collections.abc import Sequence

from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.nodes.warm_pool import Warming, name_in_store
from tokenfleet.plan.serving.model import ModelPlan


def pool_warming(models: Sequence[ModelPlan], pool: PoolPlan) -> Warming:
    """Every image that is not baked, and the longest a node may take to get ready, in seconds.

    Until a node would count as lost (``StartDeadlines``), then pulls and weights one after the
    other at their slowest, though they run side by side; and as long again for what is tried
    anew. The deadline is the hook's: when it is over, the node is stopped as it is.
    """
    served = [model for model in models if model.pool == pool.name]
    provision = max((model.deadlines.provision_seconds for model in served), default=0)
    images = {model.image: model.cold_start.image.seconds.high for model in served}
    weights = sum(model.cold_start.weights.seconds.high for model in served)
    return Warming(
        # What is baked is unpacked and has no archives: a pull would fetch them all, and write its
        # name anew, without the label that keeps the kubelet's garbage collection away.
        images=[] if pool.baked else sorted(map(name_in_store, images)),
        seconds=2 * (provision + sum(images.values()) + weights),
        published=bool(served) and all(model.published for model in served),
    )
