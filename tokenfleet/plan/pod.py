"""The pod that runs one replica of a model."""

from collections.abc import Mapping

from tokenfleet.plan.iam import MODEL_READER
from tokenfleet.plan.pools import LABEL_PREFIX, PoolPlan
from tokenfleet.plan.serving import CACHE_PATH, PORT, ModelPlan

Manifest = Mapping[str, object]

API_KEY_SECRET = "vllm-api-key"  # noqa: S105 - the name of a Secret, not its content
HUB_TOKEN_SECRET = "hugging-face-token"  # noqa: S105 - the name of a Secret, not its content
_PROBE_SECONDS = 10
# Any user but root; the images run as root unless told otherwise.
_USER_ID = 1000
# Ties between tiers that both have room: what is already paid for, then spot.
_WEIGHT_BY_TIER = {"reserved": 100, "spot": 50, "on-demand": 1}


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
            "runAsUser": _USER_ID,
            "runAsGroup": _USER_ID,
            "fsGroup": _USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(model)],
        "volumes": [
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


def _container(model: ModelPlan) -> Manifest:
    requests = {
        "cpu": f"{model.resources.millicpu}m",
        "memory": f"{model.resources.memory_mib}Mi",
        "ephemeral-storage": f"{model.resources.ephemeral_gib}Gi",
    }
    devices = {name: str(count) for name, count in model.resources.devices.items()}
    return {
        "name": "vllm",
        "image": model.image,
        # The images' entrypoints differ, and Neuron's does not pass SIGTERM on.
        "command": ["vllm", "serve"],
        "args": list(model.arguments),
        "env": [
            *({"name": name, "value": value} for name, value in model.environment.items()),
            _secret_variable("VLLM_API_KEY", API_KEY_SECRET, optional=False),
            _secret_variable("HF_TOKEN", HUB_TOKEN_SECRET, optional=True),
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
            "failureThreshold": model.load_deadline_seconds // _PROBE_SECONDS,
        },
        "readinessProbe": {**_health_probe(), "failureThreshold": 3},
        "livenessProbe": {**_health_probe(), "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": model.drain.pre_stop_seconds}}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "cache", "mountPath": CACHE_PATH},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the container
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - a path in the container
        ],
    }


def _secret_variable(variable: str, secret: str, *, optional: bool) -> Manifest:
    reference = {"name": secret, "key": "value", **({"optional": True} if optional else {})}
    return {"name": variable, "valueFrom": {"secretKeyRef": reference}}


def _health_probe() -> Manifest:
    return {
        "httpGet": {"path": "/health", "port": "http"},
        "periodSeconds": _PROBE_SECONDS,
        # The engine answers late while it batches; the default of one second kills it.
        "timeoutSeconds": 5,
    }
