"""Everything in the namespace of the models, as the API server gets it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.plan.iam import COMPILER, MODEL_READER
from tokenfleet.plan.manifests.containers import Manifest
from tokenfleet.plan.manifests.network_policy import replica_policy
from tokenfleet.plan.manifests.objects import (
    cache_manifests,
    model_manifests,
    namespace_manifest,
    priority_class_manifest,
    scripts_manifest,
    service_account_manifest,
)
from tokenfleet.plan.manifests.pod import object_metadata
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.serving.model import ModelPlan


@dataclass(frozen=True, kw_only=True)
class ServingPlan:
    """The Kubernetes objects of all models, exactly as the API server gets them."""

    cluster_name: str
    namespace: Manifest
    manifests: Sequence[Manifest]
    scaled: Sequence[str]
    """Deployments whose number of replicas follows the load: a deployment leaves it as it is."""
    compile_jobs: Mapping[str, Manifest]
    """The Job that compiles a model ahead of time, by model; not part of the deployment."""


def plan_serving(
    cluster_name: str,
    models: Sequence[ModelPlan],
    pools: Mapping[str, PoolPlan],
    compile_jobs: Mapping[str, Manifest],
    *,
    beside: Sequence[Manifest],
) -> ServingPlan:
    """The objects of a stack; ``pools`` by name, ``beside`` what others need in the namespace."""
    return ServingPlan(
        cluster_name=cluster_name,
        namespace=namespace_manifest(MODEL_READER.namespace),
        manifests=[
            service_account_manifest(MODEL_READER),
            *([service_account_manifest(COMPILER)] if compile_jobs else []),
            *beside,
            priority_class_manifest(),
            scripts_manifest(),
            replica_policy(),
            *cache_manifests(),
            *(
                manifest
                for model in models
                for manifest in model_manifests(model, pools[model.pool])
            ),
        ],
        scaled=[str(object_metadata(model)["name"]) for model in models if model.follows_load],
        compile_jobs=compile_jobs,
    )
