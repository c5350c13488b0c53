"""Stopped nodes that wait beside a group, with image and weights on their disks.

EC2 Auto Scaling user guide, "Decrease latency for applications with long boot times using warm
pools" and "Use lifecycle hooks with a warm pool" (read 2026-11-29). A group with a mixed-instances
policy may have one since November 2025 (AWS, "EC2 Auto Scaling now supports warm pools for mixed
instances policies", cited in kubernetes/kops#17799).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

HOOK = "tokenfleet-warm"
"""The hook that holds an instance until it is ready to be stopped, or serves."""
# PutLifecycleHook, botocore 1.44: 30 to 7,200 s.
_LEAST_SECONDS, _MOST_SECONDS = 30, 7200


@dataclass(frozen=True, kw_only=True)
class Warming:
    """What a node does before it is stopped: pull these images, for so many seconds at most.

    ``images`` are named as the kubelet asks containerd for them. ``published``: whether there are
    all weights to fetch; without them a node would be stopped with half of what it waits for.
    """

    images: Sequence[str]
    seconds: float
    published: bool


@dataclass(frozen=True, kw_only=True)
class WarmBoot:
    """What a node must know to get ready and to say so."""

    cluster_name: str
    group_name: str
    hook: str
    images: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class WarmPoolPlan:
    """The warm pool of a group, and the hook that its launches wait for.

    The pool is filled once all weights are published; hook and boot are there before, so that
    publishing changes no template.
    """

    nodes: int
    filled: bool
    heartbeat_seconds: int
    boot: WarmBoot


def plan_warm_pool(
    cluster_name: str, group_name: str, nodes: int, warming: Warming
) -> WarmPoolPlan | None:
    """The warm pool of a group for so many nodes; None where none are wanted."""
    if not nodes:
        return None
    return WarmPoolPlan(
        nodes=nodes,
        filled=warming.published,
        heartbeat_seconds=min(_MOST_SECONDS, max(_LEAST_SECONDS, math.ceil(warming.seconds))),
        boot=WarmBoot(
            cluster_name=cluster_name, group_name=group_name, hook=HOOK, images=warming.images
        ),
    )


def name_in_store(image: str) -> str:
    """What containerd's CRI calls an image: of tag and digest the digest alone.

    distribution/reference ParseDockerRef, which containerd applies to what the kubelet asks for
    (containerd internal/cri/store/image): under another name the kubelet would pull it again.
    """
    named, at, digest = image.partition("@")
    if not at:
        return image
    folder, slash, last = named.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}@{digest}"
