"""Whether a fleet carries a load, and how much more it would take."""

from dataclasses import dataclass

from tokenfleet.estimate.load.replicas import replicas_for
from tokenfleet.estimate.throughput import Saturation


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """``needed`` replicas keep queues from growing, the spare included.

    ``needed_if_fast`` and ``needed_if_slow`` are for the 90th and the 10th percentile of theta;
    ``missing`` is how many more than the fleet's maximum it takes.
    """

    utilisation_at_most: float
    needed: int
    needed_if_fast: int
    needed_if_slow: int
    missing: int

    @property
    def queue_grows(self) -> bool:
        """Whether waiting grows out of hand even with every replica there may be."""
        return self.missing > 0


def sizing(
    most: Saturation, requests_per_second: float, max_replicas: int, spare: int = 0
) -> Sizing:
    """Judge a load against the most replicas a fleet may have."""
    asked = requests_per_second * most.shape.produced
    needed = replicas_for(most.theta.p50, asked, spare)
    return Sizing(
        utilisation_at_most=asked / (max_replicas * most.theta.p50),
        needed=needed,
        needed_if_fast=replicas_for(most.theta.p90, asked, spare),
        needed_if_slow=replicas_for(most.theta.p10, asked, spare),
        missing=max(0, needed - max_replicas),
    )
