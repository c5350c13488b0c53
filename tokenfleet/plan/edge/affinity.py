"""Whether requests that begin alike should meet the same replica."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class AffinityPlan:
    """How a replica is chosen for a request, and why so."""

    kind: Literal["least request", "prefix"]
    reason: str


def plan_affinity(*, prefix_caching: bool, cached_share: float) -> AffinityPlan:
    """By what the engine keeps and how much of the traffic begins alike."""
    if prefix_caching and cached_share > 0:
        return AffinityPlan(kind="prefix", reason="traffic.cachedShare")
    return AffinityPlan(kind="least request", reason="nothing is shared")
