"""The Kubernetes objects that serve a model, exactly as the API server gets them."""

from collections.abc import Mapping, Sequence

from tokenfleet.plan.iam import MODEL_READER
from tokenfleet.plan.pools import LABEL_PREFIX, PoolPlan
from tokenfleet.plan.serving import CACHE_PATH, PORT, ModelPlan

Manifest = Mapping[str, object]

NAMESPACE = MODEL_READER.namespace
SERVICE_ACCOUNT = MODEL_READER.service_account
API_KEY_SECRET = "vllm-api-key"  # noqa: S105 - the name of a Secret, not its content
HUB_TOKEN_SECRET = "hugging-face-token"  # noqa: S105 - the name of a Secret, not its content
_PROBE_SECONDS = 10
# Any user but root; the images run as root unless told otherwise.
_USER_ID = 1000
# Ties between tiers that both have room: what is already paid for, then spot.
_WEIGHT_BY_TIER = {"reserved": 100, "spot": 50, "on-demand": 1}


def namespace_manifest() -> Manifest:
    """The namespace of all models; pods that need more than "restricted" are refused."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": NAMESPACE,
            "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        },
    }


def service_account_manifest() -> Manifest:
    """The identity of all replicas; they need the AWS API, never the Kubernetes API."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": SERVICE_ACCOUNT, "namespace": NAMESPACE},
        "automountServiceAccountToken": False,
    }


def model_url(model: ModelPlan) -> str:
    """Where a model answers inside the cluster."""
    return f"http://vllm-{model.name}.{NAMESPACE}.svc/v1"


def model_manifests(
    model: ModelPlan, pool: PoolPlan, exposure: str, allowed_cidrs: Sequence[str]
) -> Sequence[Manifest]:
    """Deployment, Service and PodDisruptionBudget of one model."""
    return [
        _deployment(model, pool),
        _service(model, exposure, allowed_cidrs),
        _disruption_budget(model),
    ]


def _selector(model: ModelPlan) -> Mapping[str, str]:
    return {"app.kubernetes.io/name": "vllm", f"{LABEL_PREFIX}/model": model.name}


def _metadata(model: ModelPlan, annotations: Mapping[str, str] | None = None) -> Manifest:
    return {
        "name": f"vllm-{model.name}",
        "namespace": NAMESPACE,
        "labels": {**_selector(model), f"{LABEL_PREFIX}/pool": model.pool},
        **({"annotations": annotations} if annotations else {}),
    }


def _deployment(model: ModelPlan, pool: PoolPlan) -> Manifest:
    selector = _selector(model)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        # Waiting would make `pulumi up` fail whenever spot is dry or a model is slow to load;
        # the rollout's own deadline reports that in the cluster.
        "metadata": _metadata(model, {"pulumi.com/skipAwait": "true"}),
        "spec": {
            "replicas": model.min_replicas,
            # A replica owns its node: surging would wait for a node that may never come.
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
            },
            "progressDeadlineSeconds": model.load_deadline_seconds + 600,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {"labels": {**selector, f"{LABEL_PREFIX}/pool": model.pool}},
                "spec": _pod(model, pool),
            },
        },
    }


def _pod(model: ModelPlan, pool: PoolPlan) -> Manifest:
    selector = {"matchLabels": _selector(model)}
    on_disk: Manifest = {}
    return {
        "serviceAccountName": SERVICE_ACCOUNT,
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


def _service(model: ModelPlan, exposure: str, allowed_cidrs: Sequence[str]) -> Manifest:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    if exposure == "cluster":
        spec = {"type": "ClusterIP", "selector": _selector(model), "ports": ports}
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _metadata(model),
            "spec": spec,
        }
    # The cloud controller that EKS runs reads -type and -internal; it ignores -scheme, which
    # the AWS Load Balancer Controller reads: both are set so that neither makes it public.
    annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-type": "nlb",
        "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
        "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
        "pulumi.com/skipAwait": "true",
    }
    spec = {
        "type": "LoadBalancer",
        "selector": _selector(model),
        "ports": ports,
        "loadBalancerSourceRanges": list(allowed_cidrs),
    }
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(model, annotations),
        "spec": spec,
    }


def _disruption_budget(model: ModelPlan) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(model),
        "spec": {
            "maxUnavailable": 1,
            # A replica that never becomes ready must not keep its node from being drained.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": _selector(model)},
        },
    }
