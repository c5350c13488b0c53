"""The pod that runs one replica of a model."""

from collections.abc import Mapping

from tokenfleet.plan.engine import CACHE_PATH, MODELS_PATH, PORT
from tokenfleet.plan.iam import MODEL_READER
from tokenfleet.plan.pools import LABEL_PREFIX, PoolPlan
from tokenfleet.plan.serving import ModelPlan
from tokenfleet.plan.user_data import CACHE_USER_ID

Manifest = Mapping[str, object]

LOADER = "model-loader"
"""The name of the ConfigMap with the loader and what it must know, and of its container."""
LOADER_SETTINGS = ("MODEL_STORE_URL", "AWS_REGION")
MODEL_CACHE = "model-cache"
"""The name of the volume, and of the claim, that is the cache of whatever node a pod is on."""
API_KEY_SECRET = "vllm-api-key"  # noqa: S105 - the name of a Secret, not its content
_PROBE_SECONDS = 10
# Ties between tiers that both have room: what is already paid for, then spot.
_WEIGHT_BY_TIER = {"reserved": 100, "spot": 50, "on-demand": 1}
_CONFINED: Manifest = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def selector_labels(model: ModelPlan) -> Mapping[str, str]:
    """The labels by which everything finds the replicas of a model."""
    return {"app.kubernetes.io/name": "vllm", f"{LABEL_PREFIX}/model": model.name}


def pod_spec(model: ModelPlan, pool: PoolPlan) -> Manifest:
    """The pod of one replica, without privileges and with a node of its own."""
    selector = {"matchLabels": selector_labels(model)}
    on_disk: Manifest = {}
    return {
        "serviceAccountName": MODEL_READER.service_account,
        "automountServiceAccountToken": False,
        # A Service called vllm-* would inject VLLM_*_PORT variables that the engine reads.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": model.drain.grace_seconds,
        "nodeSelector": {f"{LABEL_PREFIX}/pool": model.pool},
        "tolerations": [
            {"key": taint.key, "operator": "Exists", "effect": taint.effect}
            for taint in pool.taints
        ],
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
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": CACHE_USER_ID,
            "runAsGroup": CACHE_USER_ID,
            "fsGroup": CACHE_USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [_loader(model, snapshot) for snapshot in model.snapshots],
        "containers": [_container(model)],
        "volumes": [
            {"name": MODEL_CACHE, "persistentVolumeClaim": {"claimName": MODEL_CACHE}},
            {"name": LOADER, "configMap": {"name": LOADER}},
            {"name": "cache", "emptyDir": on_disk},
            {"name": "tmp", "emptyDir": on_disk},
            {
                "name": "shm",
                "emptyDir": {
                    "medium": "Memory",
                    "sizeLimit": f"{model.resources.shared_memory_mib}Mi",
                },
            },
        ],
    }


def _loader(model: ModelPlan, snapshot: str) -> Manifest:
    """Guarantees what the node began to fetch when it booted; ready weights cost nothing."""
    requests = _requests(model)
    return {
        # The name of an artifact set ends in its key, that of weights in their revision.
        "name": "load-artifacts" if "/neuron/" in snapshot else "load-weights",
        # The engine's own image has all that the loader needs: nothing more to pull.
        "image": model.image,
        "command": ["bash", f"/loader/{LOADER}", snapshot],
        "env": [
            *(
                {
                    "name": name,
                    "valueFrom": {"configMapKeyRef": {"name": LOADER, "key": name}},
                }
                for name in LOADER_SETTINGS
            ),
            {"name": "MODEL_CACHE", "value": MODELS_PATH},
        ],
        # The pod asks for the larger of this and the engine's: the same, so that it costs nothing
        # and the pages it reads to check them are within the limit.
        "resources": {"requests": requests, "limits": {"memory": requests["memory"]}},
        "securityContext": _CONFINED,
        "volumeMounts": [
            {"name": MODEL_CACHE, "mountPath": MODELS_PATH},
            {"name": LOADER, "mountPath": "/loader", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the container
        ],
    }


def _container(model: ModelPlan) -> Manifest:
    requests = _requests(model)
    devices = {name: str(count) for name, count in model.resources.devices.items()}
    return {
        "name": "vllm",
        "image": model.image,
        "command": list(model.command),
        "args": list(model.arguments),
        "env": [
            *({"name": name, "value": value} for name, value in model.environment.items()),
            {
                "name": "VLLM_API_KEY",
                "valueFrom": {"secretKeyRef": {"name": API_KEY_SECRET, "key": "value"}},
            },
        ],
        "ports": [{"name": "http", "containerPort": PORT}],
        # No CPU limit: the quota is not seen by the engine, which would oversubscribe it.
        "resources": {
            "requests": {**requests, **devices},
            "limits": {"memory": requests["memory"], **devices},
        },
        # The port opens only once the model is loaded and warm, so /health means ready.
        "startupProbe": {
            **_health_probe(),
            "failureThreshold": -(-model.deadlines.start_seconds // _PROBE_SECONDS),
        },
        "readinessProbe": {**_health_probe(), "failureThreshold": 3},
        "livenessProbe": {**_health_probe(), "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": model.drain.pre_stop_seconds}}},
        "securityContext": _CONFINED,
        "volumeMounts": [
            {"name": MODEL_CACHE, "mountPath": MODELS_PATH, "readOnly": True},
            {"name": "cache", "mountPath": CACHE_PATH},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the container
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - a path in the container
        ],
    }


def _requests(model: ModelPlan) -> Mapping[str, str]:
    return {
        "cpu": f"{model.resources.millicpu}m",
        "memory": f"{model.resources.memory_mib}Mi",
        "ephemeral-storage": f"{model.resources.ephemeral_gib}Gi",
    }


def _health_probe() -> Manifest:
    return {
        "httpGet": {"path": "/health", "port": "http"},
        "periodSeconds": _PROBE_SECONDS,
        # The engine answers late while it batches; the default of one second kills it.
        "timeoutSeconds": 5,
    }
