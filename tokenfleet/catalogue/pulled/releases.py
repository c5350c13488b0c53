"""What is pinned to a release: machine images and Helm charts."""

from collections.abc import Mapping
from functools import cache

import yaml

from tokenfleet.catalogue.facts import Fact, data_file

_OCI = "oci://"


class AmiRelease(Fact):
    """One release of the EKS optimised Amazon Linux 2023 images."""

    release: str
    source: str

    def parameter(self, kubernetes_version: str, architecture: str, variant: str) -> str:
        """The public parameter that holds the image id of this very release in a region.

        Never "recommended", which answers differently next week. Path as read by
        aws/karpenter-provider-aws pkg/providers/amifamily/al2023.go (2026-08-21).
        """
        name = (
            f"amazon-eks-node-al2023-{architecture}-{variant}-{kubernetes_version}-{self.release}"
        )
        return (
            f"/aws/service/eks/optimized-ami/{kubernetes_version}/amazon-linux-2023"
            f"/{architecture}/{variant}/{name}/image_id"
        )


class ChartRelease(Fact):
    """A Helm chart at one version.

    ``images`` are what its pods run, as far as that is known, by where its values name them
    (``image``, ``devicePlugin.image``); ``unlisted`` says what of it is not known.
    ``architectures`` are those of the nodes that its pods run on.
    """

    repository: str
    version: str
    images: Mapping[str, str] = {}
    unlisted: str | None = None
    architectures: tuple[str, ...]
    source: str

    @property
    def is_oci(self) -> bool:
        """Whether it lies in a registry, where Helm can be told a digest; else Helm checks none."""
        return self.repository.startswith(_OCI)

    def reference(self, chart: str) -> str:
        """The address of the chart and its version, without a scheme where it lies in a registry."""
        return f"{self.repository.removeprefix(_OCI)}/{chart}:{self.version}"


class ImageRelease(Fact):
    """An image that pods run as it is; ``architectures`` are those of the nodes that it runs on."""

    image: str
    architectures: tuple[str, ...]
    source: str


class Releases(Fact):
    """The whole data file; ``capacity_controller`` is the Python with boto3 that it runs in."""

    ami: AmiRelease
    capacity_controller: ImageRelease
    prometheus: ImageRelease
    edge: ImageRelease
    autoscaler_image_by_kubernetes_version: Mapping[str, str]
    charts: Mapping[str, ChartRelease]


def parse_releases(text: str) -> Releases:
    """The data file."""
    return Releases.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))


@cache
def _releases() -> Releases:
    return parse_releases(data_file("releases.yaml"))


def ami_release() -> AmiRelease:
    """The pinned image release of every node."""
    return _releases().ami


def capacity_controller_image() -> str:
    """What the capacity controller runs in."""
    return _releases().capacity_controller.image


def prometheus_image() -> str:
    """What measures the load that replicas follow."""
    return _releases().prometheus.image


def edge_image() -> str:
    """The proxy in front of all models."""
    return _releases().edge.image


def autoscaler_image(kubernetes_version: str) -> str:
    """The Cluster Autoscaler for that minor version of Kubernetes."""
    return _releases().autoscaler_image_by_kubernetes_version[kubernetes_version]


def chart_release(name: str) -> ChartRelease:
    """The pinned release of a chart that the program installs."""
    return _releases().charts[name]
