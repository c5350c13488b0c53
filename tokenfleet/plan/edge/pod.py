"""The pod that runs Envoy: validated before it is used, ready when it is, and last to leave."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.plan.edge.drain import EdgeDrain
from tokenfleet.plan.edge.envoy.files import (
    BOOTSTRAP_PATH,
    CHECK_PATH,
    ROUTES_FOLDER,
    ROUTES_PATH,
    arguments,
    check_command,
)
from tokenfleet.plan.edge.envoy.listener import LIVE
from tokenfleet.plan.edge.envoy.memory import REQUEST_MIB, memory_limit_mib
from tokenfleet.plan.edge.envoy.ports import ADMIN, HTTP, METRICS
from tokenfleet.plan.manifests.containers import CONFINED, Manifest
from tokenfleet.plan.manifests.network_policy import EDGE, EDGE_LABELS
from tokenfleet.plan.nodes.groups import SYSTEM_POOL
from tokenfleet.plan.nodes.pools import LABEL_PREFIX
from tokenfleet.plan.nodes.user_data import script
from tokenfleet.plan.scripts import digest

ROUTES_SECRET = "edge-routes"  # noqa: S105 - the name of a Secret, not its content
ROUTES_FILE, CHECK_FILE = ROUTES_PATH.rpartition("/")[2], "check"
"""Its keys: what Envoy watches, and the same as part of what it starts with."""
DRAIN = "edge-drain"
MILLICPU = 250
"""What a pod asks for: at 0.7 ms of CPU a request some 350 requests a second."""
# Those of the user that the image makes for Envoy (envoyproxy/envoy ci/docker-entrypoint.sh).
_USER_ID = 101
_SCRIPTS_PATH = "/etc/edge"


@dataclass(frozen=True, kw_only=True)
class EdgePod:
    """What its template depends on; ``content`` are the files that it reads once, by name."""

    image: str
    drain: EdgeDrain
    max_request_mib: int
    content: Mapping[str, str]


def contents(bootstrap: Mapping[str, object]) -> Mapping[str, str]:
    """The files of the ConfigMap: what Envoy starts with, and what ends it."""
    # Not BOOTSTRAP_PATH's folder: JSON, sorted, so that the same plan is the same text.
    text = json.dumps(bootstrap, indent=1, sort_keys=True)
    return {BOOTSTRAP_PATH.rpartition("/")[2]: text, DRAIN: script(DRAIN)}


def pod_template(pod: EdgePod) -> Manifest:
    """The template of a pod on the system nodes."""
    return {
        "metadata": {
            "labels": EDGE_LABELS,
            # Read once: another one is a rollout. Routes and keys are watched, and are none.
            "annotations": {f"{LABEL_PREFIX}/content": digest(pod.content)},
        },
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            # Without it no model is reached: allowed outside kube-system, as for the capacity controller.
            "priorityClassName": "system-cluster-critical",
            "nodeSelector": {f"{LABEL_PREFIX}/pool": SYSTEM_POOL},
            "terminationGracePeriodSeconds": pod.drain.grace_seconds,
            # Names of replicas are whole: not to be tried below each search domain first.
            "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]},
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": _USER_ID,
                "runAsGroup": _USER_ID,
                "fsGroup": _USER_ID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": key,
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": EDGE_LABELS},
                    "matchLabelKeys": ["pod-template-hash"],
                }
                for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
            ],
            "initContainers": [_validation(pod)],
            "containers": [_envoy(pod)],
            "volumes": [
                {"name": "files", "configMap": {"name": EDGE}},
                _secret("routes", ROUTES_FILE, ROUTES_PATH),
                _secret("check", CHECK_FILE, CHECK_PATH),
            ],
        },
    }


def _validation(pod: EdgePod) -> Manifest:
    """A configuration that Envoy refuses stops the rollout here, and the pods there are go on."""
    return {
        "name": "validate",
        "image": pod.image,
        "command": check_command(),
        **_common(pod, {"name": "check", "mountPath": _folder(CHECK_PATH), "readOnly": True}),
    }


def _envoy(pod: EdgePod) -> Manifest:
    seconds = (pod.drain.propagation_seconds, pod.drain.longest_seconds)
    hook = ["bash", f"{_SCRIPTS_PATH}/{DRAIN}", str(ADMIN), *map(str, seconds)]
    ready = {"httpGet": {"path": "/ready", "port": "metrics"}}
    return {
        "name": "envoy",
        "image": pod.image,
        "command": ["envoy", *arguments()],
        "ports": [
            {"name": "http", "containerPort": HTTP},
            {"name": "metrics", "containerPort": METRICS},
        ],
        # It listens once every name of a replica was looked up.
        "startupProbe": {**ready, "periodSeconds": 1, "failureThreshold": 60},
        "readinessProbe": {**ready, "periodSeconds": 5, "timeoutSeconds": 2},
        # Not /ready, which says no where Envoy only waits for something; and not a connection alone,
        # which the kernel makes for a process that hangs, too.
        "livenessProbe": {
            "httpGet": {"path": LIVE, "port": "metrics"},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 6,
        },
        "lifecycle": {"preStop": {"exec": {"command": hook}}},
        # A whole folder: the kubelet swaps a link in it, which is what Envoy watches.
        **_common(pod, {"name": "routes", "mountPath": ROUTES_FOLDER, "readOnly": True}),
    }


def _common(pod: EdgePod, *mounts: Manifest) -> Manifest:
    limit = memory_limit_mib(pod.max_request_mib)
    return {
        "resources": {
            "requests": {"cpu": f"{MILLICPU}m", "memory": f"{REQUEST_MIB}Mi"},
            "limits": {"memory": f"{limit}Mi"},
        },
        "securityContext": CONFINED,
        "volumeMounts": [*_MOUNTS, *mounts],
    }


def _secret(name: str, key: str, path: str) -> Manifest:
    items = [{"key": key, "path": path.rpartition("/")[2]}]
    return {"name": name, "secret": {"secretName": ROUTES_SECRET, "items": items}}


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


_MOUNTS: Sequence[Manifest] = (
    # A file by subPath is never renewed, as it should be: another one comes with another pod.
    {
        "name": "files",
        "mountPath": BOOTSTRAP_PATH,
        "subPath": BOOTSTRAP_PATH.rpartition("/")[2],
        "readOnly": True,
    },
    {"name": "files", "mountPath": _SCRIPTS_PATH, "readOnly": True},
)
