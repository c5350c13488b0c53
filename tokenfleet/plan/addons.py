"""What the cluster needs before it can scale: DNS, metrics, autoscaler, device plugins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

import yaml

from tokenfleet.catalogue.pulled.releases import autoscaler_image, chart_release
from tokenfleet.plan.iam import AUTOSCALER
from tokenfleet.plan.nodes.groups import SYSTEM_POOL, group_name
from tokenfleet.plan.nodes.pools import LABEL_PREFIX, PoolPlan
from tokenfleet.plan.nodes.startup_taint import Manifest, startup_taint_manifests
from tokenfleet.plan.pulls import (
    AUTOSCALER_CHART,
    SCALER_CHART,
    digest_of,
    plugin_charts,
    with_digest,
)
from tokenfleet.plan.scaling.scrape import KEDA_NAMESPACE

_VALUES = files("tokenfleet") / "helm-values"
# dcgmAgent watches NVIDIA GPUs, and by default tolerates nothing; the agent itself, nodeAgent, does
# (aws/eks-node-monitoring-agent charts/configuration.schema.json and values.yaml, 2026-08-18).
_EKS_ADDONS: Mapping[str, Mapping[str, object]] = {
    "coredns": {},
    "eks-node-monitoring-agent": {"dcgmAgent": {"tolerations": [{"operator": "Exists"}]}},
    "metrics-server": {},
}
_PRIORITY = "10"


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
    """EKS add-ons that need a node to run on, and Helm releases, the autoscaler first.

    ``eks_addons`` each with its configuration; ``manifests`` are objects of our own, in the order
    they need each other.
    """

    cluster_name: str
    eks_addons: Mapping[str, Mapping[str, object]]
    helm_releases: Sequence[HelmReleasePlan]
    manifests: Sequence[Manifest]


def plan_addons(
    cluster_name: str,
    kubernetes_version: str,
    region: str,
    pools: Sequence[PoolPlan],
    *,
    image_by_pool: Mapping[str, str],
    node_provision_seconds: int,
    digests: Mapping[str, str],
    scaling: bool,
) -> AddonsPlan:
    """What the pools of a stack need installed.

    The autoscaler waits ``node_provision_seconds`` for any node before it backs the group off:
    it cannot be told so for each group. ``image_by_pool`` is what
    replicas run. ``digests`` are those of the stack file, by name. ``scaling``: whether some model
    follows its load.
    """
    on_system_nodes = {"nodeSelector": {f"{LABEL_PREFIX}/pool": SYSTEM_POOL}}
    autoscaler: Mapping[str, object] = {
        "autoDiscovery": {"clusterName": cluster_name},
        "awsRegion": region,
        **on_system_nodes,
        "expanderPriorities": expander_priorities(cluster_name, pools),
        "extraArgs": {"max-node-provision-time": f"{node_provision_seconds}s"},
    }
    return AddonsPlan(
        cluster_name=cluster_name,
        eks_addons=_EKS_ADDONS,
        helm_releases=[
            _release(
                AUTOSCALER_CHART,
                AUTOSCALER.namespace,
                autoscaler,
                {"image": autoscaler_image(kubernetes_version)},
                digests,
            ),
            *(
                _release(chart, "kube-system", {}, chart_release(chart).images, digests)
                for chart in plugin_charts(pool.hardware for pool in pools)
            ),
            *(
                _release(
                    chart, KEDA_NAMESPACE, on_system_nodes, chart_release(chart).images, digests
                )
                for chart in ([SCALER_CHART] if scaling else [])
            ),
        ],
        manifests=startup_taint_manifests(pools, image_by_pool),
    )


def expander_priorities(
    cluster_name: str, pools: Sequence[PoolPlan]
) -> Mapping[str, Sequence[str]]:
    """Priority to anchored names of the groups that the autoscaler may choose, those on demand.

    One that no expression matches is never chosen: spot is the capacity controller's, and of
    what is reserved all runs.
    """
    names = [
        f"^{group_name(cluster_name, pool, tier)}$"
        for pool in pools
        for tier in pool.tiers
        if tier.purchase_option == "on-demand"
    ]
    return {_PRIORITY: names} if names else {}


def _release(
    chart: str,
    namespace: str,
    planned: Mapping[str, object],
    images: Mapping[str, str],
    digests: Mapping[str, str],
) -> HelmReleasePlan:
    """``images`` by where the chart's values name them."""
    pinned = chart_release(chart)
    values = _merged(_static_values(chart), planned)
    for path, image in images.items():
        values = _merged(values, _image_values(path, with_digest(image, digests)))
    # Helm refuses a chart of another digest, and a version that stands for another chart
    # (helm/helm v3.20.2 pkg/registry/client.go ValidateReference).
    digest, _ = digest_of(pinned.reference(chart), digests)
    held = f"@{digest}" if digest else ""
    return HelmReleasePlan(
        name=chart,
        chart=f"{pinned.repository}/{chart}{held}" if pinned.is_oci else chart,
        repository=None if pinned.is_oci else pinned.repository,
        version=pinned.version,
        namespace=namespace,
        values=values,
    )


def _image_values(path: str, image: str) -> Mapping[str, object]:
    """The chart's values that name an image; what follows the tag is part of it to every chart."""
    repository = image.partition("@")[0].rpartition(":")[0]
    values: object = {"repository": repository, "tag": image.removeprefix(f"{repository}:")}
    for section in reversed(path.split(".")):
        values = {section: values}
    return _section(values)


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
