"""What is pinned to a release: machine images and Helm charts."""

from collections.abc import Mapping
from functools import cache

import yaml

from tokenfleet.catalogue.facts import Fact, data_file


class AmiRelease(Fact):
    """One release of the EKS optimised Amazon Linux 2023 images."""

    release: str
    source: str

    def image_id(self, kubernetes_version: str, architecture: str, variant: str) -> str:
        """The launch template's ``ImageId``: a public parameter that names this very release.

        EC2 resolves it when an instance is launched (RequestLaunchTemplateData.ImageId,
        "resolve:ssm:public-parameter"), so no look-up runs in a preview and nothing rolls
        until the release is changed here. Path as read by aws/karpenter-provider-aws
        pkg/providers/amifamily/al2023.go (2026-08-21).
        """
        name = (
            f"amazon-eks-node-al2023-{architecture}-{variant}-{kubernetes_version}-{self.release}"
        )
        return (
            f"resolve:ssm:/aws/service/eks/optimized-ami/{kubernetes_version}/amazon-linux-2023"
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
