"""When EKS will upgrade the control plane by itself."""

import datetime as dt
from dataclasses import dataclass

from tokenfleet.catalogue.facts import Source
from tokenfleet.catalogue.pulled.kubernetes import kubernetes_releases

# Time for an upgrade in each environment, one after the other, before AWS chooses the hour.
_NEAR_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class KubernetesSupport:
    """The pinned version, the last day of its standard support, and how far off that is."""

    version: str
    ends: dt.date
    days_left: int
    source: Source

    @property
    def near(self) -> bool:
        """Whether it is time to upgrade."""
        return self.days_left <= _NEAR_DAYS

    @property
    def sentence(self) -> str:
        """What EKS does, when, and what to do about it."""
        source = f"Source: {self.source.title}, {self.source.date}."
        if self.days_left < 0:
            return (
                f"Standard support of Kubernetes {self.version} ended on {self.ends}: EKS"
                " has upgraded the control plane by itself or is about to. Raise"
                f" cluster.kubernetesVersion before the next up: docs/change.md. {source}"
            )
        return (
            f"EKS upgrades Kubernetes {self.version} by itself when standard support ends on"
            f" {self.ends}, in {self.days_left} days."
            f" {'Upgrade now' if self.near else 'To choose the hour, upgrade before'}: docs/change.md."
            f" {source}"
        )


def kubernetes_support(version: str, today: dt.date) -> KubernetesSupport:
    """How long a version has, seen from ``today``."""
    release = kubernetes_releases()[version]
    return KubernetesSupport(
        version=version,
        ends=release.standard_support_ends,
        days_left=(release.standard_support_ends - today).days,
        source=release.source,
    )
