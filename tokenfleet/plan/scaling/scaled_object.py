"""What tells KEDA to follow a model's load, and Kubernetes how fast."""

from collections.abc import Iterator

from tokenfleet.plan.iam import MODEL_READER
from tokenfleet.plan.manifests.containers import Manifest
from tokenfleet.plan.nodes.pools import LABEL_PREFIX
from tokenfleet.plan.scaling.followed import Followed
from tokenfleet.plan.scaling.policy import ScalingPolicy
from tokenfleet.plan.scaling.rules import ASKED, KV_CACHE

_POLLING_SECONDS = 15
# So many questions in a row without an answer, one every 15 s, before the count that runs is held on
# purpose; until then it is held because nothing is known.
_FAILURES = 3
_FULL_KV_CACHE = 0.9


def scaled_object(one: Followed, prometheus_url: str) -> Manifest:
    """Of the name that the capacity controller pauses, whose annotations nothing here sets."""
    policy = one.policy
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {
            "name": one.deployment,
            "namespace": MODEL_READER.namespace,
            "labels": {f"{LABEL_PREFIX}/model": one.model},
            # It is not ready while a model is: waiting for it would only delay an `up`.
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        "spec": {
            "scaleTargetRef": {"name": one.deployment},
            "pollingInterval": _POLLING_SECONDS,
            "cooldownPeriod": policy.idle_seconds,
            "minReplicaCount": policy.least,
            "maxReplicaCount": policy.most,
            # Not 0 replicas, whatever the behavior: with them a lost target counts as no load, and
            # the last replica is taken away (KEDA v2.21.0 pkg/scaling/executor, RequestScale).
            "fallback": {
                "failureThreshold": _FAILURES,
                "replicas": max(1, policy.least),
                "behavior": "currentReplicas",
            },
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "name": one.deployment,
                    "behavior": _behavior(policy),
                }
            },
            "triggers": list(_triggers(one, prometheus_url)),
        },
    }


def _triggers(one: Followed, prometheus_url: str) -> Iterator[Manifest]:
    """Whichever asks for most counts."""
    yield _trigger("in-flight", prometheus_url, f"{ASKED}{one.here}", one.policy.each, active=0)
    if one.keeps_kv:
        # What is left in a cache must not keep the last replica.
        full = _FULL_KV_CACHE
        yield _trigger("kv-cache", prometheus_url, f"{KV_CACHE}{one.here}", full, active=full)


def _trigger(name: str, url: str, query: str, each: float, *, active: float) -> Manifest:
    return {
        "type": "prometheus",
        "name": name,
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": url,
            "query": query,
            "threshold": f"{each:g}",
            "activationThreshold": f"{active:g}",
            # By default no answer counts as 0, and a lost target ends replicas.
            "ignoreNullValues": "false",
        },
    }


def _behavior(policy: ScalingPolicy) -> Manifest:
    """Up at once, doubling or by four; down slowly, when the window has seen no more load."""
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Pods", "value": 4, "periodSeconds": 15},
                {"type": "Percent", "value": 100, "periodSeconds": 15},
            ],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": policy.down_window_seconds,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Pods", "value": 1, "periodSeconds": 60},
                {"type": "Percent", "value": policy.down_percent, "periodSeconds": 60},
            ],
        },
    }
