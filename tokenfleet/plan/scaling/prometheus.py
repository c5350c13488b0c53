"""A small Prometheus that knows the load of the last hours, as Kubernetes objects."""

import json
from collections.abc import Sequence

from tokenfleet.plan.iam import CAPACITY, MODEL_READER
from tokenfleet.plan.manifests.containers import CONFINED, Manifest
from tokenfleet.plan.manifests.network_policy import (
    EDGE,
    NAMES,
    SCRAPER_LABEL,
    network_policy,
    tcp,
)
from tokenfleet.plan.manifests.objects import namespace_manifest
from tokenfleet.plan.nodes.groups import SYSTEM_POOL
from tokenfleet.plan.nodes.pools import LABEL_PREFIX
from tokenfleet.plan.scaling.alerts import alert_group
from tokenfleet.plan.scaling.followed import Followed
from tokenfleet.plan.scaling.rules import rule_groups
from tokenfleet.plan.scaling.scrape import (
    CAPACITY_PORT,
    CAPACITY_SERVICE,
    EDGE_PORT,
    KEDA_NAMESPACE,
    KEDA_PORT,
    KEY_FILE,
    PROMETHEUS_PORT,
    RULES_FILE,
    prometheus_config,
)
from tokenfleet.plan.scripts import digest
from tokenfleet.plan.serving.engine.process import PORT

NAMESPACE, NAME = "metrics", "prometheus"
METRICS_KEY_SECRET = "metrics-key"  # noqa: S105 - the name of a Secret, not its content
"""A copy of what opens the metrics of replicas: pods see Secrets of their own namespace only."""
URL = f"http://{NAME}.{NAMESPACE}.svc:{PROMETHEUS_PORT}"
_CONFIG_FILE = "prometheus.json"
_CONFIG_PATH, _DATA_PATH = "/etc/prometheus", "/prometheus"
_USER_ID = 65534
_SELECTOR = {"app.kubernetes.io/name": NAME}


def metrics_namespace() -> Manifest:
    """The label lets its pods ask replicas and the edge for metrics, and for nothing else."""
    return namespace_manifest(NAMESPACE, {SCRAPER_LABEL: "true"})


def prometheus_manifests(
    followed: Sequence[Followed], image: str, *, capacity: bool
) -> Sequence[Manifest]:
    """In the order they need each other; the Secret with the key comes before them."""
    files = {
        _CONFIG_FILE: _json(prometheus_config(followed, capacity=capacity)),
        RULES_FILE: _json(
            {"groups": [*rule_groups(followed), alert_group(followed, capacity=capacity)]}
        ),
    }
    return [
        _object("ConfigMap") | {"data": files},
        _network_policy(),
        *([_capacity_service()] if capacity else []),
        _object("Service")
        | {
            "spec": {
                "selector": _SELECTOR,
                "ports": [{"name": "http", "port": PROMETHEUS_PORT, "targetPort": "http"}],
            }
        },
        _deployment(image, digest(files)),
    ]


def _deployment(image: str, content: str) -> Manifest:
    return _object("Deployment", "apps/v1") | {
        "spec": {
            "replicas": 1,
            # The next one is ready before this one goes; they share nothing.
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": _SELECTOR},
            "template": {
                "metadata": {
                    "labels": _SELECTOR,
                    "annotations": {f"{LABEL_PREFIX}/content": content},
                },
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    # Without it no replica comes or goes (as the capacity controller has it).
                    "priorityClassName": "system-cluster-critical",
                    "nodeSelector": {f"{LABEL_PREFIX}/pool": SYSTEM_POOL},
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": _USER_ID,
                        "runAsGroup": _USER_ID,
                        "fsGroup": _USER_ID,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [_container(image)],
                    "volumes": [
                        {"name": "config", "configMap": {"name": NAME}},
                        {"name": "key", "secret": {"secretName": METRICS_KEY_SECRET}},
                        # Hours that nobody needs once they are over: no volume that outlives it.
                        {"name": "data", "emptyDir": {"sizeLimit": "2Gi"}},
                    ],
                },
            },
        },
    }


def _container(image: str) -> Manifest:
    return {
        "name": NAME,
        "image": image,
        "args": [
            f"--config.file={_CONFIG_PATH}/{_CONFIG_FILE}",
            f"--storage.tsdb.path={_DATA_PATH}",
            "--storage.tsdb.retention.time=6h",
            "--storage.tsdb.retention.size=1GB",
        ],
        "ports": [{"name": "http", "containerPort": PROMETHEUS_PORT}],
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": "http"}, "periodSeconds": 5},
        "livenessProbe": {
            "httpGet": {"path": "/-/healthy", "port": "http"},
            "periodSeconds": 20,
            "failureThreshold": 6,
        },
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"memory": "512Mi"},
        },
        "securityContext": CONFINED,
        "volumeMounts": [
            {"name": "config", "mountPath": _CONFIG_PATH, "readOnly": True},
            {"name": "key", "mountPath": KEY_FILE.rpartition("/")[0], "readOnly": True},
            {"name": "data", "mountPath": _DATA_PATH},
        ],
    }


def _network_policy() -> Manifest:
    """KEDA asks it; it asks for names and metrics. Nothing else comes in or goes out."""
    asked = (
        (MODEL_READER.namespace, PORT),
        (EDGE, EDGE_PORT),
        (KEDA_NAMESPACE, KEDA_PORT),
        (CAPACITY.namespace, CAPACITY_PORT),
    )
    return network_policy(
        NAME,
        NAMESPACE,
        ingress=[{"from": [_namespace(KEDA_NAMESPACE)], "ports": [tcp(PROMETHEUS_PORT)]}],
        egress=[
            NAMES,
            *({"to": [_namespace(name)], "ports": [tcp(port)]} for name, port in asked),
        ],
    )


def _capacity_service() -> Manifest:
    """The capacity controller's metrics by name; it serves nobody else."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": CAPACITY_SERVICE, "namespace": CAPACITY.namespace},
        "spec": {
            "clusterIP": "None",
            "selector": {"app.kubernetes.io/name": CAPACITY.service_account},
            "ports": [{"name": "metrics", "port": CAPACITY_PORT, "targetPort": "metrics"}],
        },
    }


def _namespace(name: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _object(kind: str, version: str = "v1") -> dict[str, object]:
    metadata = {"name": NAME, "namespace": NAMESPACE}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _json(content: object) -> str:
    return json.dumps(content, indent=1) + "\n"
