"""Whether requests that begin alike should meet the same replica."""

from dataclasses import dataclass
from typing import Literal

from tokenfleet.task import Task

Kind = Literal["least request", "prefix"]
LEAST_CACHED_SHARE = 0.5
"""Up to here it makes no difference that can be told from noise, from here on the first token comes
sooner (``python -m bench.affinity --shares 0.2,0.3,0.4,0.5,0.7``, 2026-11-30, docs/edge.md)."""


@dataclass(frozen=True, kw_only=True)
class AffinityPlan:
    """How a replica is chosen for a request; ``reason`` is a sentence about it."""

    kind: Kind
    reason: str


def plan_affinity(
    *, task: Task, prefix_caching: bool, cached_share: float, most_replicas: int
) -> AffinityPlan:
    """By what the engine keeps, how much of prompts begins alike, and whether there is a choice."""
    if task != "generate":
        return _least_request("prompts of this task are not kept")
    if not prefix_caching:
        return _least_request("the engine keeps no prompts")
    if most_replicas == 1:
        return _least_request("there is one replica")
    if cached_share == 0:
        return _least_request("traffic.cachedShare is 0")
    if cached_share < LEAST_CACHED_SHARE:
        return _least_request(
            f"traffic.cachedShare {cached_share:g} is below {LEAST_CACHED_SHARE:g}"
        )
    return AffinityPlan(
        kind="prefix",
        reason=f"{cached_share:.0%} of a prompt begin like others (traffic.cachedShare)",
    )


def _least_request(reason: str) -> AffinityPlan:
    return AffinityPlan(kind="least request", reason=reason)
