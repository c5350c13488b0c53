"""How many requests a fleet refuses at a load, as every replica holds as many as it takes in."""

from tokenfleet.estimate.throughput import Saturation

MOST_REFUSED = 0.005
"""The share of requests that a fleet of the right size refuses at most, as of a rule of scaling (docs/scaling.md)."""

# A share of the requests that is as good as none.
_NONE = 1e-6


def refused_share(
    most: Saturation, requests_per_second: float, replicas: int, *, bound: int
) -> float:
    """The share of requests that find so many replicas full, each of which takes in ``bound``.

    Requests come independently of each other, and those that one replica refuses find any other
    that has room, as at an edge that tries them all: a birth-death process whose deaths are what
    so many in flight finish a second. Of bursts more is refused.
    """
    step, produced = most.step, most.shape.produced
    share, states = 1.0, 1.0
    # From all full downwards: each state is as much likelier as fewer come than would leave it.
    for in_flight in range(replicas * bound, 0, -1):
        running = min(in_flight / replicas, float(most.concurrency))
        finished = replicas * step.rate(running, most.shape) / produced
        share *= finished / requests_per_second
        states += share
        if states > 1 / _NONE:
            return 0.0
        if share < _NONE * states:
            break
    return 1 / states


def replicas_holding(
    most: Saturation, requests_per_second: float, replicas: int, *, bound: int
) -> int:
    """The fewest replicas, ``replicas`` at least, that refuse next to none of that load."""
    while refused_share(most, requests_per_second, replicas, bound=bound) > MOST_REFUSED:
        replicas += 1
    return replicas
