"""The Kubernetes objects around the edge's pods, in the order they need each other."""

from collections.abc import Iterator, Sequence

from tokenfleet.plan.edge.envoy.ports import HTTP, METRICS
from tokenfleet.plan.edge.pod import EdgePod, pod_template
from tokenfleet.plan.edge.way_in import service_manifests
from tokenfleet.plan.manifests.containers import Manifest
from tokenfleet.plan.manifests.network_policy import EDGE, EDGE_LABELS, edge_policy
from tokenfleet.settings.edge import EdgeReplicaSettings, EdgeSettings

# Of what a pod asks for: with less to spare a pod that dies is one too many to do without.
_CPU_PERCENT = 60


def edge_manifests(
    edge: EdgeSettings, pod: EdgePod, node_ranges: Sequence[str]
) -> Sequence[Manifest]:
    """All but namespace and Secrets.

    ``node_ranges`` hold the addresses of nodes: behind a load balancer they stand for the clients.
    """
    return [
        {**_object("ConfigMap"), "data": pod.content},
        edge_policy(node_ranges if edge.exposure != "cluster" else (), http=HTTP, metrics=METRICS),
        *service_manifests(edge),
        _deployment(edge.replicas, pod),
        _disruption_budget(),
        *_autoscaler(edge.replicas),
    ]


def _deployment(pods: EdgeReplicaSettings, pod: EdgePod) -> Manifest:
    return {
        **_object("Deployment", "apps/v1"),
        "spec": {
            "replicas": pods.min,
            # There is always room for one more, and never one less than there should be.
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": EDGE_LABELS},
            "template": pod_template(pod),
        },
    }


def _disruption_budget() -> Manifest:
    return {
        **_object("PodDisruptionBudget", "policy/v1"),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": EDGE_LABELS},
        },
    }


def _autoscaler(pods: EdgeReplicaSettings) -> Iterator[Manifest]:
    """By CPU: a request costs the same whatever it asks for, and an answer some more by its tokens."""
    if pods.min == pods.max:
        return
    target = {"type": "Utilization", "averageUtilization": _CPU_PERCENT}
    yield {
        **_object("HorizontalPodAutoscaler", "autoscaling/v2"),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": EDGE},
            "minReplicas": pods.min,
            "maxReplicas": pods.max,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def _object(kind: str, version: str = "v1") -> Manifest:
    metadata: Manifest = {"name": EDGE, "namespace": EDGE, "labels": EDGE_LABELS}
    if kind == "Deployment":
        # Rolling out takes as long as requests do; and the autoscaler writes replicas, too.
        awaited = {"pulumi.com/skipAwait": "true", "pulumi.com/patchForce": "true"}
        metadata = {**metadata, "annotations": awaited}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}
