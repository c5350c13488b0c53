"""Everything in the namespace of the models, as the API server gets it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.plan.iam import COMPILER, MODEL_READER
from tokenfleet.plan.manifests.containers import Manifest
from tokenfleet.plan.manifests.network_policy import network_policy_manifest
from tokenfleet.plan.manifests.objects import (
    cache_manifests,
    model_manifests,
    namespace_manifest,
    priority_class_manifest,
    scripts_manifest,
    service_account_manifest,
)
from tokenfleet.plan.manifests.way_in import edge_ranges, model_url
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.settings.sections import EdgeSettings


@dataclass(frozen=True, kw_only=True)
class ServingPlan:
    """The Kubernetes objects of all models, exactly as the API server gets them."""

    cluster_name: str
    namespace: Manifest
    manifests: Sequence[Manifest]
    model_urls: Mapping[str, str]
    compile_jobs: Mapping[str, Manifest]
    """The Job that compiles a model ahead of time, by model; not part of the deployment."""


def plan_serving(
    cluster_name: str,
    models: Sequence[ModelPlan],
    pools: Mapping[str, PoolPlan],
    edge: EdgeSettings,
    compile_jobs: Mapping[str, Manifest],
    *,
    beside: Sequence[Manifest],
) -> ServingPlan:
    """The objects of a stack; ``pools`` by name, ``beside`` what others need in the namespace."""
    return ServingPlan(
        cluster_name=cluster_name,
        namespace=namespace_manifest(),
        manifests=[
            service_account_manifest(MODEL_READER),
            *([service_account_manifest(COMPILER)] if compile_jobs else []),
            *beside,
            priority_class_manifest(),
            scripts_manifest(),
            network_policy_manifest(edge.exposure, edge_ranges(edge)),
            *cache_manifests(),
            *(
                manifest
                for model in models
                for manifest in model_manifests(model, pools[model.pool], edge)
            ),
        ],
        model_urls={model.name: model_url(model, edge) for model in models},
        compile_jobs=compile_jobs,
    )
