"""User data: what a node is told at boot, rendered from a template that decides nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from tokenfleet.plan.nodes import Taint, max_pods_expression

_TEMPLATE = Path(__file__).parents[2] / "userdata" / "node-config.mime"


@dataclass(frozen=True, kw_only=True)
class KubeletPlan:
    """What differs between the nodes of two groups."""

    labels: Mapping[str, str]
    taints: Sequence[Taint]
    local_disks: bool
    shutdown_seconds: int
    critical_pods_seconds: int


@dataclass(frozen=True, kw_only=True)
class ClusterFacts:
    """What a node must know of its cluster; endpoint and authority are the cloud's to invent.

    ``certificate_authority`` is base64 of the PEM certificate, as EKS hands it out.
    """

    cluster_name: str
    api_server_endpoint: str
    certificate_authority: str
    service_cidr: str


def render_user_data(kubelet: KubeletPlan, cluster: ClusterFacts) -> str:
    """MIME multipart user data with one nodeadm NodeConfig (node.eks.aws/v1alpha1).

    Taints go through the kubelet's configuration and labels through its flags, because a
    node may set neither on itself later (NodeRestriction).
    """
    config: dict[str, object] = {
        "shutdownGracePeriod": f"{kubelet.shutdown_seconds}s",
        "shutdownGracePeriodCriticalPods": f"{kubelet.critical_pods_seconds}s",
    }
    if kubelet.taints:
        config["registerWithTaints"] = [
            {"key": taint.key, "value": taint.value, "effect": taint.effect}
            for taint in kubelet.taints
        ]
    # RAID0 over whatever disks there are; nodeadm does nothing where there are none.
    instance = {"localStorage": {"strategy": "RAID0"}} if kubelet.local_disks else {}
    return _template().substitute(
        cluster_name=cluster.cluster_name,
        api_server_endpoint=cluster.api_server_endpoint,
        certificate_authority=cluster.certificate_authority,
        service_cidr=cluster.service_cidr,
        max_pods_expression=max_pods_expression(),
        kubelet_config=json.dumps(config),
        node_labels=",".join(f"{key}={value}" for key, value in sorted(kubelet.labels.items())),
        instance=json.dumps(instance),
    )


@cache
def _template() -> Template:
    return Template(_TEMPLATE.read_text(encoding="utf-8"))
