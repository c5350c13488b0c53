"""The Kubernetes objects around the pods: Deployment, Service, disruption budget, namespace."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from tokenfleet.plan.iam import MODEL_READER, ServiceAccountPlan
from tokenfleet.plan.manifests.containers import (
    ACCEPTED_KEYS,
    COMPILED_CODE,
    ENGINE_FRONT,
    MODEL_CACHE,
    SCRIPTS,
    WAIT_UNTIL_IDLE,
    WARM_UP,
    Manifest,
)
from tokenfleet.plan.manifests.pod import (
    PRIORITY_CLASS,
    object_metadata,
    pod_spec,
    selector_labels,
)
from tokenfleet.plan.nodes.pools import LABEL_PREFIX, SCALE_UP_DELAY_SECONDS, PoolPlan
from tokenfleet.plan.nodes.user_data import script
from tokenfleet.plan.scripts import digest
from tokenfleet.plan.serving.engine.process import PORT
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.weights.layout import CACHE_FOLDER

NAMESPACE = MODEL_READER.namespace


def namespace_manifest(name: str, labels: Mapping[str, str] = MappingProxyType({})) -> Manifest:
    """A namespace of ours; pods that need more than "restricted" are refused."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {"pod-security.kubernetes.io/enforce": "restricted", **labels},
        },
    }


def service_account_manifest(account: ServiceAccountPlan) -> Manifest:
    """An identity for pods that need the AWS API, never the Kubernetes API."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": account.service_account, "namespace": account.namespace},
        "automountServiceAccountToken": False,
    }


def priority_class_manifest() -> Manifest:
    """The priority of replicas: whatever else is on a node makes room for them."""
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": PRIORITY_CLASS},
        "value": 1000,
        "description": "Replicas of served models.",
    }


def scripts_manifest() -> Manifest:
    """What probes and hooks run, and what the engine is extended by."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": SCRIPTS, "namespace": NAMESPACE},
        "data": _scripts(),
    }


def _scripts() -> Mapping[str, str]:
    names = (ACCEPTED_KEYS, COMPILED_CODE, ENGINE_FRONT, WAIT_UNTIL_IDLE, WARM_UP)
    return {name: script(name) for name in names}


def cache_manifests() -> Sequence[Manifest]:
    """The cache of whatever node a pod is on, as a volume and the claim that pods name.

    A claim, because pods of a restricted namespace may not name paths of their node
    themselves. ``Directory`` makes the kubelet wait until the cache is mounted: the folder is
    not on the root disk. Capacity must be given and means nothing for paths of a node.
    """
    name = f"{NAMESPACE}-{MODEL_CACHE}"
    every = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "",
        "volumeMode": "Filesystem",
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                **every,
                "capacity": {"storage": "1Ti"},
                "claimRef": {"namespace": NAMESPACE, "name": MODEL_CACHE},
                "persistentVolumeReclaimPolicy": "Retain",
                "hostPath": {"path": CACHE_FOLDER, "type": "Directory"},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": MODEL_CACHE, "namespace": NAMESPACE},
            "spec": {
                **every,
                "volumeName": name,
                "resources": {"requests": {"storage": "1Ti"}},
            },
        },
    ]


def model_manifests(model: ModelPlan, pool: PoolPlan) -> Sequence[Manifest]:
    """Deployment, Service and PodDisruptionBudget of one model, and its template where it has one."""
    return [
        *_chat_template(model),
        _deployment(model, pool),
        _service(model),
        _disruption_budget(model),
    ]


def _chat_template(model: ModelPlan) -> Iterator[Manifest]:
    if template := model.chat_template:
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {**object_metadata(model), "name": template.config_map},
            "immutable": True,
            "data": template.data,
        }


def _deployment(model: ModelPlan, pool: PoolPlan) -> Manifest:
    selector = selector_labels(model)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        # Waiting would make `pulumi up` fail whenever spot is dry or a model is slow to load;
        # the rollout's own deadline reports that in the cluster.
        "metadata": object_metadata(
            model,
            {
                "pulumi.com/skipAwait": "true",
                # The capacity controller and the autoscaler of pods write replicas, too, and the
                # former annotates what it has added; an `up` that changes them would end in a
                # conflict (Pulumi, "Managing resources with server-side apply").
                "pulumi.com/patchForce": "true",
            },
        ),
        "spec": {
            "replicas": model.first_replicas,
            # A replica owns its node: surging would wait for a node that may never come.
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
            },
            "progressDeadlineSeconds": model.deadlines.rollout_seconds,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {
                    "labels": {**selector, f"{LABEL_PREFIX}/pool": model.pool},
                    # A running replica does not see another script: a new one starts with it.
                    "annotations": {
                        f"{LABEL_PREFIX}/scripts": digest(_scripts()),
                        **_scale_up_delay(pool),
                    },
                },
                "spec": pod_spec(model, pool),
            },
        },
    }


def _service(model: ModelPlan) -> Manifest:
    """Where the edge finds the replicas: without an address of its own its name stands for all of theirs.

    Those that are ready, so that one that ends or starts is not among them.
    """
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": object_metadata(model),
        "spec": {
            "clusterIP": "None",
            "selector": selector_labels(model),
            "ports": [{"name": "http", "port": PORT, "targetPort": "http"}],
        },
    }


def _scale_up_delay(pool: PoolPlan) -> Mapping[str, str]:
    """The autoscaler is the backstop of the capacity controller, which finds a node in seconds."""
    if not pool.has_spot:
        return {}
    delay = f"{SCALE_UP_DELAY_SECONDS}s"
    return {"cluster-autoscaler.kubernetes.io/pod-scale-up-delay": delay}


def _disruption_budget(model: ModelPlan) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": object_metadata(model),
        "spec": {
            "maxUnavailable": 1,
            # A replica that never becomes ready must not keep its node from being drained.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": selector_labels(model)},
        },
    }
