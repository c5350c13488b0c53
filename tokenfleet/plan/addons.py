"""What the cluster needs before it can scale: DNS, metrics, autoscaler, device plugins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import yaml

from tokenfleet.catalogue.releases import autoscaler_image_tag, chart_release
from tokenfleet.plan.iam import AUTOSCALER
from tokenfleet.plan.nodes.groups import SYSTEM_POOL, group_name
from tokenfleet.plan.nodes.pools import LABEL_PREFIX, PoolPlan

_VALUES = Path(__file__).parents[2] / "helm-values"
_CHART_BY_AMI_VARIANT = {"nvidia": "nvidia-device-plugin", "neuron": "neuron-helm-chart"}
# From cheapest to dearest tier; far apart so that a tier between two never renumbers them.
_PRIORITY_BY_TIER = {"reserved": 30, "spot": 20, "on-demand": 10}


@dataclass(frozen=True, kw_only=True)
class HelmReleasePlan:
    """One chart at a pinned version with all its values."""

    name: str
    chart: str
    repository: str | None
    version: str
    namespace: str
    values: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class AddonsPlan:
    """EKS add-ons that need a node to run on, and Helm releases, the autoscaler first."""

    cluster_name: str
    eks_addons: Sequence[str]
    helm_releases: Sequence[HelmReleasePlan]


def plan_addons(
    cluster_name: str,
    kubernetes_version: str,
    region: str,
    pools: Sequence[PoolPlan],
    *,
    node_provision_seconds: int,
) -> AddonsPlan:
    """What the pools of a stack need installed.

    The autoscaler waits ``node_provision_seconds`` for any node before it backs the group off
    and tries the next tier: it cannot be told so for each group.
    """
    plugins = sorted(
        {
            _CHART_BY_AMI_VARIANT[pool.ami_variant]
            for pool in pools
            if pool.ami_variant in _CHART_BY_AMI_VARIANT
        }
    )
    autoscaler: Mapping[str, object] = {
        "autoDiscovery": {"clusterName": cluster_name},
        "awsRegion": region,
        "image": {"tag": autoscaler_image_tag(kubernetes_version)},
        "nodeSelector": {f"{LABEL_PREFIX}/pool": SYSTEM_POOL},
        "expanderPriorities": expander_priorities(cluster_name, pools),
        "extraArgs": {"max-node-provision-time": f"{node_provision_seconds}s"},
    }
    return AddonsPlan(
        cluster_name=cluster_name,
        eks_addons=["coredns", "eks-node-monitoring-agent", "metrics-server"],
        helm_releases=[
            _release("cluster-autoscaler", AUTOSCALER.namespace, autoscaler),
            *(_release(chart, "kube-system", {}) for chart in plugins),
        ],
    )


def expander_priorities(
    cluster_name: str, pools: Sequence[PoolPlan]
) -> Mapping[str, Sequence[str]]:
    """Priority to anchored group names; the highest wins.

    The expressions of two tiers never match the same group: the autoscaler would take the
    higher priority silently (kubernetes/autoscaler issue 4098).
    """
    groups: dict[str, list[str]] = {}
    for pool in pools:
        for tier in pool.tiers:
            priority = str(_PRIORITY_BY_TIER[tier.purchase_option])
            groups.setdefault(priority, []).append(f"^{group_name(cluster_name, pool, tier)}$")
    return groups


def _release(chart: str, namespace: str, planned: Mapping[str, object]) -> HelmReleasePlan:
    pinned = chart_release(chart)
    oci = pinned.repository.startswith("oci://")
    return HelmReleasePlan(
        name=chart,
        chart=f"{pinned.repository}/{chart}" if oci else chart,
        repository=None if oci else pinned.repository,
        version=pinned.version,
        namespace=namespace,
        values=_merged(_static_values(chart), planned),
    )


def _merged(static: Mapping[str, object], planned: Mapping[str, object]) -> Mapping[str, object]:
    """Both, section by section, as Helm merges values files."""
    merged = {**static, **planned}
    for key in static.keys() & planned.keys():
        if isinstance(static[key], Mapping) and isinstance(planned[key], Mapping):
            merged[key] = _merged(_section(static[key]), _section(planned[key]))
    return merged


def _section(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value)


@cache
def _static_values(chart: str) -> Mapping[str, object]:
    text = (_VALUES / f"{chart}.yaml").read_text(encoding="utf-8")
    return cast("Mapping[str, object]", yaml.load(text, Loader=yaml.CSafeLoader))
