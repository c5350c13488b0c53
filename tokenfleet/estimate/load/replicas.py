"""How many replicas a load takes, and how many requests are on them."""

import math

from tokenfleet.estimate.load.running import running_at
from tokenfleet.estimate.load.served import QUEUE_GROWS_ABOVE
from tokenfleet.estimate.throughput import Saturation

# What a division may be off by.
_ROUNDING = 1e-9


def replicas_for(theta: float, output_per_second: float, spare: int = 0) -> int:
    """How many replicas of that theta keep utilisation low enough, and ``spare`` more."""
    return max(1, math.ceil(output_per_second / (QUEUE_GROWS_ABOVE * theta) - _ROUNDING)) + spare


def replicas_needed(
    most: Saturation, carries: float, requests_per_second: float, theta: float | None = None
) -> int:
    """How many keep queue and promise, each of which ``carries`` requests a second within it.

    ``theta`` if not the median.
    """
    found = theta or most.theta.p50
    by_queue = replicas_for(found, requests_per_second * most.shape.produced)
    share = carries * found / most.theta.p50
    return max(by_queue, math.ceil(requests_per_second / share - _ROUNDING))


def requests_on(
    most: Saturation,
    requests_per_second: float,
    replicas: int,
    *,
    bound: int,
    theta: float | None = None,
) -> float:
    """Requests on so many replicas in steady state, by Little's law; each takes in ``bound``.

    All that are let in, where they come faster than they are answered; on none, those that wait for
    a first one. ``theta`` if not the median.
    """
    step = most.step.slowed(most.theta.p50 / theta) if theta else most.step
    offered = requests_per_second * most.shape.produced / max(1, replicas)
    if offered >= step.rate(most.concurrency, most.shape):
        return max(1, replicas) * max(bound, most.concurrency)
    return replicas * running_at(step, most.shape, offered, most.concurrency) or offered
