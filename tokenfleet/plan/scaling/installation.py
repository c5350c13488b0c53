"""All that makes replicas follow the load, for the models that do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.pulled.releases import prometheus_image
from tokenfleet.plan.pulls import with_digest
from tokenfleet.plan.scaling.followed import Followed, followed_models
from tokenfleet.plan.scaling.prometheus import URL, metrics_namespace, prometheus_manifests
from tokenfleet.plan.scaling.scaled_object import Manifest, scaled_object
from tokenfleet.plan.serving.model import ModelPlan


@dataclass(frozen=True, kw_only=True)
class ScalingPlan:
    """What measures load, and what KEDA is told.

    ``namespace`` comes first, then the Secret that the component adds, then ``manifests`` in the
    order they need each other, then ``scaled_objects``, which KEDA must outlive.
    """

    followed: Sequence[Followed]
    namespace: Manifest
    manifests: Sequence[Manifest]
    scaled_objects: Sequence[Manifest]


def plan_scaling_of(
    models: Sequence[ModelPlan], digests: Mapping[str, str], *, capacity: bool
) -> Sequence[ScalingPlan]:
    """One, or none where every model is fixed or unpublished; ``digests`` are the stack file's."""
    followed = followed_models(models)
    if not followed:
        return []
    image = with_digest(prometheus_image(), digests)
    return [
        ScalingPlan(
            followed=followed,
            namespace=metrics_namespace(),
            manifests=prometheus_manifests(followed, image, capacity=capacity),
            scaled_objects=[scaled_object(one, URL) for one in followed],
        )
    ]
