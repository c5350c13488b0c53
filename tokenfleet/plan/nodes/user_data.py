"""User data: what a node is told at boot, rendered from templates that decide nothing."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from tokenfleet.plan.nodes.sizes import Taint, max_pods_expression
from tokenfleet.weights.layout import CACHE_FOLDER

_FOLDER = files("tokenfleet") / "userdata"
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
    cache in that order; without any there is no cache.
    """

    kubelet: KubeletPlan
    local_disks: bool
    fast_image_pull: bool
    snapshots: Sequence[str]


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
    """MIME multipart user data: a NodeConfig (node.eks.aws/v1alpha1), and the cache's units."""
    parts = [("application/node.eks.aws", _node_config(boot, cluster))]
    if boot.snapshots:
        parts.append(('text/x-shellscript; charset="us-ascii"', _model_units(boot, cluster)))
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
        instance=json.dumps({"localStorage": {"strategy": "RAID0"}} if boot.local_disks else {}),
        feature_gates=json.dumps({"FastImagePull": True} if boot.fast_image_pull else {}),
    )


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


def _fill(template: str, **values: str) -> str:
    return _template(template).substitute(values)


@cache
def _template(name: str) -> Template:
    return Template(script(name))
