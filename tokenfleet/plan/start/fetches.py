"""What a new node fetches: how many bytes of what, and the way they travel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.cold_start import AmiVariant, Estimate, cold_start_facts
from tokenfleet.plan.ranges import Range, exactly, range_of

Way = Literal["NAT gateway", "S3 endpoint"]
"""A gateway endpoint of S3 is free; a NAT gateway is paid for each GB."""


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """So many GB (10^9 bytes, compressed) of something, the way, and where the figure is from."""

    what: str
    gb: Range
    way: Way
    sources: Sequence[str]


def replica_fetches(
    engine: str,
    variant: AmiVariant,
    weights: Range,
    *,
    image_cached: bool,
    image: bool = True,
    weights_there: bool = False,
) -> Sequence[Fetch]:
    """What a node of a pool fetches until a replica on it can start.

    ``weights`` are GB, compiled artifacts among them, unless they are there; ``image``: whether
    the engine's is not. Layers in ECR, the engine image's where
    it is cached, and the bucket are reached through the S3 endpoint: ECR keeps layers in a bucket
    (user guide, "Amazon ECR interface VPC endpoints": prod-REGION-starport-layer-bucket). What
    public registries hold comes through NAT, ECR Public among them. No packages are installed.
    """
    packed = cold_start_facts().engines[engine].image_compressed
    pulled = _fetch("engine image", packed, "S3 endpoint" if image_cached else "NAT gateway")
    fetched = Fetch(what="weights", gb=weights, way="S3 endpoint", sources=[])
    return [
        *([pulled] if image else []),
        *([] if weights_there else [fetched]),
        *_common(variant),
    ]


def controller_fetches(*, spot: bool, scaling: bool) -> Sequence[Fetch]:
    """What a node of the cluster's own fetches, were every controller on it.

    ``spot``: whether some pool has a spot tier, which the capacity controller is for; ``scaling``:
    whether some model follows its load.
    """
    known = cold_start_facts().fetches.controllers
    images = {
        "autoscaler": known.autoscaler,
        "edge": known.edge,
        **({"capacity controller": known.capacity_controller} if spot else {}),
        **({"Prometheus": known.prometheus, "KEDA": known.keda} if scaling else {}),
    }
    return [
        *(_fetch(what, packed, "NAT gateway") for what, packed in images.items()),
        *_common("standard"),
    ]


def nat_gb(fetches: Sequence[Fetch]) -> Range:
    """GB through a NAT gateway."""
    total = exactly(0)
    for fetch in fetches:
        if fetch.way == "NAT gateway":
            total += fetch.gb
    return total


def _common(variant: AmiVariant) -> Iterator[Fetch]:
    """What every node of that machine image fetches besides."""
    facts = cold_start_facts().fetches
    if variant != "standard":
        yield _fetch("device plug-in", facts.device_plugins[variant], "NAT gateway")
    yield _fetch("AWS APIs", facts.api_calls, "NAT gateway")
    yield _fetch("EKS add-ons", facts.eks_addons, "S3 endpoint")


def _fetch(what: str, figure: Estimate, way: Way) -> Fetch:
    return Fetch(what=what, gb=range_of(figure), way=way, sources=[figure.citation])
