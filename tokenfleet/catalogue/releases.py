"""What is pinned to a release: machine images and Helm charts."""

from collections.abc import Mapping
from functools import cache

import yaml

from tokenfleet.catalogue.facts import Fact, data_file


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
    """A Helm chart at one version."""

    repository: str
    version: str
    source: str


class _Releases(Fact):
    ami: AmiRelease
    autoscaler_image_tag_by_kubernetes_version: Mapping[str, str]
    charts: Mapping[str, ChartRelease]


@cache
def _releases() -> _Releases:
    return _Releases.model_validate(yaml.load(data_file("releases.yaml"), Loader=yaml.CSafeLoader))


def ami_release() -> AmiRelease:
    """The pinned image release of every node."""
    return _releases().ami


def autoscaler_image_tag(kubernetes_version: str) -> str:
    """The release of the Cluster Autoscaler for that minor version of Kubernetes."""
    return _releases().autoscaler_image_tag_by_kubernetes_version[kubernetes_version]


def chart_release(name: str) -> ChartRelease:
    """The pinned release of a chart that the program installs."""
    return _releases().charts[name]
