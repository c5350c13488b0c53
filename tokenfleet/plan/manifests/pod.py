"""The pod that runs one replica of a model."""

from collections.abc import Mapping, Sequence

from tokenfleet.plan.iam import MODEL_READER
from tokenfleet.plan.manifests.containers import (
    CHAT_TEMPLATE,
    KEYS_VOLUME,
    LOADER,
    MODEL_CACHE,
    SCRIPTS,
    Manifest,
    engine_container,
)
from tokenfleet.plan.manifests.loaders import loader_containers
from tokenfleet.plan.nodes.pools import LABEL_PREFIX, PoolPlan
from tokenfleet.plan.nodes.user_data import CACHE_USER_ID
from tokenfleet.plan.serving.model import ModelPlan

PRIORITY_CLASS = "tokenfleet-models"
"""Above the default, so that whatever else is on a node makes room for a model."""
# Ties between tiers that both have room: what is already paid for, then spot.
_WEIGHT_BY_TIER = {"reserved": 100, "spot": 50, "on-demand": 1}


def selector_labels(model: ModelPlan) -> Mapping[str, str]:
    """The labels by which everything finds the replicas of a model."""
    return {"app.kubernetes.io/name": "vllm", f"{LABEL_PREFIX}/model": model.name}


def object_metadata(model: ModelPlan, annotations: Mapping[str, str] | None = None) -> Manifest:
    """The name, namespace and labels of what belongs to a model."""
    return {
        "name": f"vllm-{model.name}",
        "namespace": MODEL_READER.namespace,
        "labels": {**selector_labels(model), f"{LABEL_PREFIX}/pool": model.pool},
        **({"annotations": annotations} if annotations else {}),
    }


def pod_spec(model: ModelPlan, pool: PoolPlan) -> Manifest:
    """The pod of one replica, without privileges and with a node of its own."""
    selector = {"matchLabels": selector_labels(model)}
    return {
        "serviceAccountName": MODEL_READER.service_account,
        "priorityClassName": PRIORITY_CLASS,
        "terminationGracePeriodSeconds": model.drain.grace_seconds,
        **pod_base(model, pool),
        "volumes": [*volumes(model), KEYS_VOLUME],
        "affinity": {
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": _WEIGHT_BY_TIER[tier.purchase_option],
                        "preference": {
                            "matchExpressions": [
                                {
                                    "key": f"{LABEL_PREFIX}/tier",
                                    "operator": "In",
                                    "values": [tier.purchase_option],
                                }
                            ]
                        },
                    }
                    for tier in pool.tiers
                ]
            },
            # On a larger node of the pool two replicas could fit, and would die together.
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 100,
                        "podAffinityTerm": {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": selector,
                        },
                    }
                ]
            },
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                # A hard rule would leave replicas pending when one zone has no capacity: the
                # groups span zones and the autoscaler cannot ask for one of them.
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": selector,
                "matchLabelKeys": ["pod-template-hash"],
                "nodeTaintsPolicy": "Honor",
            }
        ],
        "initContainers": loader_containers(model),
        "containers": [engine_container(model)],
    }


def pod_base(model: ModelPlan, pool: PoolPlan) -> Manifest:
    """What every pod on a pool's nodes has: its place, its confinement and its volumes."""
    return {
        "automountServiceAccountToken": False,
        # A Service called vllm-* would inject VLLM_*_PORT variables that the engine reads.
        "enableServiceLinks": False,
        "nodeSelector": {f"{LABEL_PREFIX}/pool": model.pool},
        "tolerations": [
            {"key": taint.key, "operator": "Exists", "effect": taint.effect}
            for taint in pool.taints
        ],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": CACHE_USER_ID,
            "runAsGroup": CACHE_USER_ID,
            "fsGroup": CACHE_USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": volumes(model),
    }


def volumes(model: ModelPlan) -> Sequence[Manifest]:
    """The volumes of every pod of a model: the node's cache, scripts, and what it may write to."""
    on_disk: Manifest = {}
    template = model.chat_template
    return [
        {"name": MODEL_CACHE, "persistentVolumeClaim": {"claimName": MODEL_CACHE}},
        {"name": LOADER, "configMap": {"name": LOADER}},
        {"name": SCRIPTS, "configMap": {"name": SCRIPTS}},
        *(
            [{"name": CHAT_TEMPLATE, "configMap": {"name": template.config_map}}]
            if template
            else []
        ),
        {"name": "cache", "emptyDir": on_disk},
        {"name": "tmp", "emptyDir": on_disk},
        {
            "name": "shm",
            "emptyDir": {
                "medium": "Memory",
                "sizeLimit": f"{model.resources.shared_memory_mib}Mi",
            },
        },
    ]
