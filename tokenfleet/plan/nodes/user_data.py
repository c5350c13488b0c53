"""User data: what a node is told at boot, rendered from templates that decide nothing."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from tokenfleet.plan.nodes.sizes import Taint, max_pods_expression
from tokenfleet.plan.nodes.warm_pool import WarmBoot
from tokenfleet.weights.layout import CACHE_FOLDER, ready_file

_FOLDER = files("tokenfleet") / "userdata"
_SCRIPT = 'text/x-shellscript; charset="us-ascii"'
_STATIC_PODS = "/etc/kubernetes/manifests"
# By default the kubelet begins five pulls a second, ten at most at once, and what comes later waits ten
# seconds and more for another try (kubernetes/kubernetes pkg/kubelet/images: "pull QPS exceeded"). A
# node that joins pulls for eight DaemonSets of ours, for an operator's and for a replica together.
_UNLIMITED_PULLS = 0
CACHE_USER_ID = 10001
"""Who owns the cache: the loader at boot and the replicas, and no person that logs in."""


@dataclass(frozen=True, kw_only=True)
class KubeletPlan:
    """What differs between the nodes of two groups."""

    labels: Mapping[str, str]
    taints: Sequence[Taint]
    shutdown_seconds: int
    critical_pods_seconds: int
    parallel_image_pulls: bool


@dataclass(frozen=True, kw_only=True)
class BootPlan:
    """How nodes with the same disks start.

    ``fast_image_pull`` lets containerd download and unpack the layers of one image side by
    side (nodeadm's FastImagePull), which takes a fast disk. ``snapshots`` are fetched into the
    cache in that order; without any there is no cache. ``baked_image`` is the engine's image that
    the machine image has unpacked on its root volume, where it then has to stay; ``pulled_image``
    is one that the kubelet pulls before any pod asks. ``warm``: how those start that may be
    stopped before they serve, which know by themselves which boot it is.
    """

    kubelet: KubeletPlan
    local_disks: bool
    fast_image_pull: bool
    snapshots: Sequence[str]
    baked_image: str | None
    pulled_image: str | None
    warm: WarmBoot | None


@dataclass(frozen=True, kw_only=True)
class ClusterFacts:
    """What a node must know of its cluster; endpoint and authority are the cloud's to invent.

    ``certificate_authority`` is base64 of the PEM certificate, as EKS hands it out;
    ``store_url`` is the address of the bucket that holds the published models.
    """

    cluster_name: str
    api_server_endpoint: str
    certificate_authority: str
    service_cidr: str
    region: str
    store_url: str


def script(name: str) -> str:
    """A script that runs on nodes and in pods, as it is."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def render_user_data(boot: BootPlan, cluster: ClusterFacts) -> str:
    """MIME multipart user data: a NodeConfig (node.eks.aws/v1alpha1), then units of ours."""
    parts = [("application/node.eks.aws", _node_config(boot, cluster))]
    if boot.snapshots:
        parts.append((_SCRIPT, _model_units(boot, cluster)))
    if boot.baked_image:
        parts.append((_SCRIPT, _baked_unit(boot.baked_image)))
    if boot.pulled_image:
        parts.append((_SCRIPT, _image_pod(boot.pulled_image)))
    if boot.warm:
        parts.append((_SCRIPT, _warm_units(boot.warm, boot.snapshots, cluster)))
    return _fill(
        "node.mime",
        parts="".join(f"--tokenfleet\nContent-Type: {kind}\n\n{text}" for kind, text in parts),
    )


def packed(user_data: str) -> bytes:
    """User data as it is sent: 16 KiB at most, which the scripts exceed as they are.

    nodeadm (awslabs/amazon-eks-ami nodeadm/internal/configprovider) and cloud-init unpack it.
    The same text gives the same bytes, or every deployment would renew the templates.
    """
    return gzip.compress(user_data.encode("ascii"), mtime=0)


def _node_config(boot: BootPlan, cluster: ClusterFacts) -> str:
    # Taints go through the kubelet's configuration and labels through its flags, because a node
    # may set neither on itself later (NodeRestriction).
    kubelet = boot.kubelet
    config: dict[str, object] = {
        "shutdownGracePeriod": f"{kubelet.shutdown_seconds}s",
        "shutdownGracePeriodCriticalPods": f"{kubelet.critical_pods_seconds}s",
        "registryPullQPS": _UNLIMITED_PULLS,
    }
    if kubelet.parallel_image_pulls:
        config["serializeImagePulls"] = False
    if boot.pulled_image:
        config["staticPodPath"] = _STATIC_PODS
    if kubelet.taints:
        config["registerWithTaints"] = [
            {"key": taint.key, "value": taint.value, "effect": taint.effect}
            for taint in kubelet.taints
        ]
    return _fill(
        "node-config.yaml",
        cluster_name=cluster.cluster_name,
        api_server_endpoint=cluster.api_server_endpoint,
        certificate_authority=cluster.certificate_authority,
        service_cidr=cluster.service_cidr,
        max_pods_expression=max_pods_expression(),
        kubelet_config=json.dumps(config),
        node_labels=",".join(f"{key}={value}" for key, value in sorted(kubelet.labels.items())),
        instance=json.dumps({"localStorage": _local_storage(boot)} if boot.local_disks else {}),
        feature_gates=json.dumps({"FastImagePull": True} if boot.fast_image_pull else {}),
    )


def _local_storage(boot: BootPlan) -> Mapping[str, object]:
    # nodeadm would move containerd's store to the array, and a baked image with it
    # (awslabs/amazon-eks-ami templates/al2023/runtime/bin/setup-local-disks, 2026-07-23).
    kept = {"disabledMounts": ["Containerd"]} if boot.baked_image else {}
    return {"strategy": "RAID0", **kept}


def _baked_unit(image: str) -> str:
    return _fill("baked-unit.sh", baked_image=script("baked-image"), image=image)


def _image_pod(image: str) -> str:
    """A static pod: on the host's network it need not wait for the node to be Ready.

    The kubelet's own pull has its credentials, its snapshotter and its name for the image, and a
    replica that asks meanwhile waits for the same one (containerd internal/cri/server/images,
    unpackDuplicationSuppressor).
    """
    name = "engine-image"
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "kube-system",
            "labels": {"app.kubernetes.io/name": name},
        },
        "spec": {
            "hostNetwork": True,
            "restartPolicy": "Never",
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": CACHE_USER_ID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": name,
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["true"],
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
        },
    }
    return _fill("engine-image.sh", folder=_STATIC_PODS, pod=json.dumps(pod, indent=1))


def _model_units(boot: BootPlan, cluster: ClusterFacts) -> str:
    return _fill(
        "model-units.sh",
        model_cache=script("model-cache"),
        model_loader=script("model-loader"),
        cache_unit=script("tokenfleet-cache.service"),
        models_unit=models_unit(boot.snapshots, cluster),
    )


def models_unit(snapshots: Sequence[str], cluster: ClusterFacts) -> str:
    """The systemd unit that fetches snapshots one after the other, each whatever became of others."""
    owner = f"--reuid={CACHE_USER_ID} --regid={CACHE_USER_ID} --clear-groups"
    loader = "/usr/local/libexec/tokenfleet/model-loader"
    return _fill(
        "tokenfleet-models.service",
        store_url=cluster.store_url,
        region=cluster.region,
        cache=CACHE_FOLDER,
        fetches="\n".join(f"ExecStart=-/usr/bin/setpriv {owner} {loader} {s}" for s in snapshots),
    )


def _warm_units(warm: WarmBoot, snapshots: Sequence[str], cluster: ClusterFacts) -> str:
    return _fill(
        "warm-units.sh",
        warm_node=script("warm-node"),
        joins=script("warm-joins.conf"),
        warm_unit=_fill(
            "tokenfleet-warm.service",
            region=cluster.region,
            cluster=warm.cluster_name,
            group=warm.group_name,
            hook=warm.hook,
            images=" ".join(warm.images),
            ready=" ".join(ready_file(CACHE_FOLDER, snapshot) for snapshot in snapshots),
        ),
    )


def _fill(template: str, **values: str) -> str:
    return _template(template).substitute(values)


@cache
def _template(name: str) -> Template:
    return Template(script(name))
