"""The capacity controller as Kubernetes objects, and what it needs around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.pulled.releases import capacity_controller_image
from tokenfleet.plan.capacity.access import Manifest, access_manifests
from tokenfleet.plan.capacity.code import api_model, code, key_of
from tokenfleet.plan.capacity.notices import NoticesPlan, plan_notices
from tokenfleet.plan.capacity.settings import METRICS_PORT, settings_json
from tokenfleet.plan.iam import CAPACITY
from tokenfleet.plan.manifests.containers import CONFINED
from tokenfleet.plan.manifests.objects import namespace_manifest
from tokenfleet.plan.nodes.groups import SYSTEM_POOL, NodeGroupPlan
from tokenfleet.plan.nodes.pools import LABEL_PREFIX, PoolPlan
from tokenfleet.plan.pulls import with_digest
from tokenfleet.plan.scripts import digest
from tokenfleet.plan.serving.model import ModelPlan

CODE, API_MODEL, SETTINGS = "capacity-code", "capacity-api-model", "capacity-settings"
"""The ConfigMaps; the first two are files of packages, which no plan repeats."""

QUEUE = "capacity-queue"
"""The ConfigMap that says where notices come in, known once the queue exists; its key is the variable."""

QUEUE_URL = "QUEUE_URL"
_SETTINGS_FILE = "settings.json"
_PACKAGES, _MODELS, _CONFIG = "/app", "/models", "/config"
# Where base images of Lambda keep boto3, or kept it: which of the two has changed with versions of Python.
_OF_IMAGE = "/var/runtime"
_USER_ID = 65534


@dataclass(frozen=True, kw_only=True)
class CapacityPlan:
    """The controller of a stack.

    ``namespace`` comes first, then the ConfigMaps that the component adds, then ``manifests`` in
    the order they need each other.
    """

    region: str
    notices: NoticesPlan
    namespace: Manifest
    manifests: Sequence[Manifest]


def plan_capacity(
    region: str,
    pools: Sequence[PoolPlan],
    groups_by_pool: Mapping[str, Sequence[NodeGroupPlan]],
    models: Sequence[ModelPlan],
    *,
    digests: Mapping[str, str],
) -> Sequence[CapacityPlan]:
    """One controller, or none where no pool has a spot tier; ``digests`` are the stack file's."""
    if not any(pool.has_spot for pool in pools):
        return []
    settings = settings_json(region, pools, groups_by_pool, models)
    image = with_digest(capacity_controller_image(), digests)
    return [
        CapacityPlan(
            region=region,
            notices=plan_notices(),
            namespace=namespace_manifest(CAPACITY.namespace),
            manifests=[
                _account(),
                *access_manifests(),
                _object("ConfigMap", SETTINGS) | {"data": {_SETTINGS_FILE: settings}},
                _deployment(region, image, digest({**code(), **api_model(), SETTINGS: settings})),
            ],
        )
    ]


def _account() -> Manifest:
    account = _object("ServiceAccount", CAPACITY.service_account)
    return account | {"automountServiceAccountToken": False}


def _deployment(region: str, image: str, content: str) -> Manifest:
    selector = {"app.kubernetes.io/name": CAPACITY.service_account}
    return _object("Deployment", CAPACITY.service_account, "apps/v1") | {
        "spec": {
            "replicas": 1,
            # Two at once would launch twice; a gap of a minute costs nothing.
            "strategy": {"type": "Recreate"},
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {
                    "labels": selector,
                    "annotations": {
                        # It reads its files once, as it starts.
                        f"{LABEL_PREFIX}/content": content,
                        "prometheus.io/scrape": "true",
                        "prometheus.io/port": str(METRICS_PORT),
                        "prometheus.io/path": "/metrics",
                    },
                },
                "spec": {
                    "serviceAccountName": CAPACITY.service_account,
                    "automountServiceAccountToken": True,
                    "enableServiceLinks": False,
                    # Allowed outside kube-system too: nothing limits it there unless a
                    # ResourceQuota or the admission plug-in is told to (kubernetes/website
                    # concepts/policy/resource-quotas.md); Karpenter's chart has it on EKS.
                    "priorityClassName": "system-cluster-critical",
                    "nodeSelector": {f"{LABEL_PREFIX}/pool": SYSTEM_POOL},
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": _USER_ID,
                        "runAsGroup": _USER_ID,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [_container(region, image)],
                    "volumes": [
                        _volume("code", CODE, code()),
                        _volume("api-model", API_MODEL, api_model()),
                        {"name": "settings", "configMap": {"name": SETTINGS}},
                        {"name": "tmp", "emptyDir": {"sizeLimit": "16Mi"}},
                    ],
                },
            },
        },
    }


def _container(region: str, image: str) -> Manifest:
    environment = {
        "AWS_DATA_PATH": _MODELS,
        "AWS_REGION": region,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": f"{_PACKAGES}:{_OF_IMAGE}",
        "PYTHONUNBUFFERED": "1",
    }
    return {
        "name": "controller",
        "image": image,
        "command": [
            "python",
            "-m",
            "tokenfleet.capacity.controller",
            f"{_CONFIG}/{_SETTINGS_FILE}",
        ],
        "env": [
            *({"name": name, "value": value} for name, value in environment.items()),
            {
                "name": QUEUE_URL,
                "valueFrom": {"configMapKeyRef": {"name": QUEUE, "key": QUEUE_URL}},
            },
        ],
        "ports": [{"name": "metrics", "containerPort": METRICS_PORT}],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": "metrics"},
            "initialDelaySeconds": 30,
            "periodSeconds": 20,
            "failureThreshold": 6,
        },
        "resources": {
            "requests": {"cpu": "50m", "memory": "128Mi"},
            "limits": {"memory": "256Mi"},
        },
        "securityContext": CONFINED,
        "volumeMounts": [
            {"name": "code", "mountPath": _PACKAGES, "readOnly": True},
            {"name": "api-model", "mountPath": _MODELS, "readOnly": True},
            {"name": "settings", "mountPath": _CONFIG, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a volume of the pod's own
        ],
    }


def _volume(name: str, config_map: str, contents: Mapping[str, str]) -> Manifest:
    items = [{"key": key_of(path), "path": path} for path in contents]
    return {"name": name, "configMap": {"name": config_map, "items": items}}


def _object(kind: str, name: str, version: str = "v1") -> dict[str, object]:
    metadata = {"name": name, "namespace": CAPACITY.namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}
