"""What a stack pulls from registries, and which digest holds each to what it was."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tokenfleet.catalogue.machines.hardware import engines, hardware_by_name
from tokenfleet.catalogue.pulled.digests import recorded_digests
from tokenfleet.catalogue.pulled.releases import (
    autoscaler_image,
    capacity_controller_image,
    chart_release,
    edge_image,
    prometheus_image,
)
from tokenfleet.plan.iam import CAPACITY
from tokenfleet.settings.sections import Settings

GivenBy = Literal["stack file", "catalogue"]
AUTOSCALER_CHART, SCALER_CHART = "cluster-autoscaler", "keda"
_PROMETHEUS = "prometheus"
_PLUGIN_BY_RESOURCE = {
    "nvidia.com/gpu": "nvidia-device-plugin",
    "aws.amazon.com/neuron": "neuron-helm-chart",
}


@dataclass(frozen=True, kw_only=True)
class Pull:
    """An image or chart; ``name`` is registry, repository and tag, or a chart's address and version.

    ``digest`` is what it stood for, by the stack file or else the catalogue. ``held``: whether
    whoever pulls it refuses anything else; Helm checks no digest of a chart behind an index.yaml.
    ``unlisted`` is what it pulls in turn that the catalogue does not know.
    """

    kind: Literal["image", "chart"]
    name: str
    used_by: str
    digest: str | None
    given_by: GivenBy | None
    held: bool
    unlisted: str | None = None

    @property
    def floats(self) -> bool:
        """Whether it may be something else tomorrow."""
        return not self.held or self.digest is None


def plugin_charts(hardware: Iterable[str]) -> Sequence[str]:
    """The charts of the device plugins that nodes of that hardware need."""
    resources = {engines()[hardware_by_name()[name].engine].resource for name in hardware}
    return sorted(chart for wanted, chart in _PLUGIN_BY_RESOURCE.items() if wanted in resources)


def plan_pulls(
    kubernetes_version: str,
    hardware: Sequence[str],
    given: Mapping[str, str],
    *,
    spot: bool,
    scaling: bool,
) -> Sequence[Pull]:
    """Everything that a stack with pools of that hardware pulls, once each.

    ``given`` are the stack file's digests by name; they stand before those of the catalogue.
    ``spot``: whether some pool has a spot tier, for which something must hear notices;
    ``scaling``: whether some model follows its load, which something must measure.
    """
    served_by = {hardware_by_name()[name].engine for name in hardware}
    images = [(engines()[name].image, name) for name in sorted(served_by)]
    images += [(autoscaler_image(kubernetes_version), AUTOSCALER_CHART), (edge_image(), "edge")]
    if spot:
        images.append((capacity_controller_image(), CAPACITY.service_account))
    if scaling:
        images.append((prometheus_image(), _PROMETHEUS))
    charts = [AUTOSCALER_CHART, *plugin_charts(hardware), *([SCALER_CHART] if scaling else [])]
    images += [(image, chart) for chart in charts for image in chart_release(chart).images.values()]
    return [
        *(_pull("image", name, used_by, given) for name, used_by in images),
        *(_chart(chart, given) for chart in charts),
    ]


def given_digests(settings: Settings) -> Mapping[str, str]:
    """The stack file's digests by name; an image that is baked is held to what was baked."""
    pools = settings.pools.values()
    baked = dict(parted(pool.baked.engine_image) for pool in pools if pool.baked)
    return baked | settings.cluster.digests


def parted(image: str) -> tuple[str, str]:
    """A name and the digest that it is held to, ``with_digest`` the other way around."""
    name, _, digest = image.partition("@")
    return name, digest


def with_digest(name: str, given: Mapping[str, str]) -> str:
    """The name with the digest it is held to, ``registry/repository:tag@sha256:...``.

    Kubernetes and containerd pull by the digest and keep the tag for people
    (kubernetes/website content/en/docs/concepts/containers/images.md).
    """
    digest, _ = digest_of(name, given)
    return f"{name}@{digest}" if digest else name


def digest_of(name: str, given: Mapping[str, str]) -> tuple[str, GivenBy] | tuple[None, None]:
    """What a name stood for, and who says so."""
    if name in given:
        return given[name], "stack file"
    recorded = recorded_digests().get(name)
    return (recorded.digest, "catalogue") if recorded else (None, None)


def _chart(chart: str, given: Mapping[str, str]) -> Pull:
    release = chart_release(chart)
    pull = _pull("chart", release.reference(chart), chart, given)
    return replace(pull, held=release.is_oci, unlisted=release.unlisted)


def _pull(
    kind: Literal["image", "chart"], name: str, used_by: str, given: Mapping[str, str]
) -> Pull:
    digest, given_by = digest_of(name, given)
    return Pull(kind=kind, name=name, used_by=used_by, digest=digest, given_by=given_by, held=True)
