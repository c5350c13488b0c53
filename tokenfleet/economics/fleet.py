"""A fleet over a day: whole replicas that follow the load, a step behind it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.economics.refusal import CostError
from tokenfleet.economics.throughput import Saturation
from tokenfleet.economics.verdict import replicas_for

HOURS = 24
_SECONDS_PER_HOUR = 3600
FLAT: Sequence[float] = (1.0,) * HOURS
"""The same load at every hour."""


@dataclass(frozen=True, kw_only=True)
class FleetBounds:
    """What an autoscaler may do: whole replicas between two bounds.

    ``spare`` of them are there for the one that is lost (1 is N + 1). A replica that is launched
    is paid from its launch and serves ``cold_start_seconds`` later; one that is no longer needed
    is kept for ``scale_down_seconds``.
    """

    min_replicas: int
    max_replicas: int
    spare: int = 0
    cold_start_seconds: float = 0.0
    scale_down_seconds: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.min_replicas <= self.max_replicas:
            problem = f"{self.min_replicas} to {self.max_replicas} is no range of replicas"
            raise CostError(problem, place="replicas")
        for name in ("cold_start_seconds", "scale_down_seconds"):
            value: float = getattr(self, name)
            if not 0 <= value <= _SECONDS_PER_HOUR:
                problem = f"{value:g} s is not within the hour that the day is cut into"
                raise CostError(problem, place=name)


@dataclass(frozen=True, kw_only=True)
class FleetHour:
    """One hour: what is asked, how many replicas are paid and what they complete.

    ``queue_grows`` when even the fleet's maximum is above the load it carries well;
    ``missing`` is how many replicas more it would take.
    """

    requests_per_second: float
    served_requests_per_second: float
    replicas: int
    paid_replicas: float
    utilisation: float
    queue_grows: bool
    missing: int


@dataclass(frozen=True, kw_only=True)
class FleetDay:
    """24 hours of a fleet; averages are over time."""

    hours: Sequence[FleetHour]

    @property
    def paid_replicas(self) -> float:
        """Replicas that are paid for, on average: times the price of one it is the nodes' bill."""
        return math.fsum(hour.paid_replicas for hour in self.hours) / len(self.hours)

    @property
    def requests_per_second(self) -> float:
        """Requests asked for, on average."""
        return math.fsum(hour.requests_per_second for hour in self.hours) / len(self.hours)

    @property
    def served_requests_per_second(self) -> float:
        """Requests completed, on average: the flow that pays the bill."""
        return math.fsum(hour.served_requests_per_second for hour in self.hours) / len(self.hours)

    @property
    def unserved_share(self) -> float:
        """Share of what was asked that waits beyond its hour."""
        return 1 - self.served_requests_per_second / self.requests_per_second

    @property
    def missing(self) -> int:
        """Replicas beyond the maximum that the worst hour needs."""
        return max(hour.missing for hour in self.hours)


def fleet_day(
    most: Saturation,
    requests_per_second: float,
    bounds: FleetBounds,
    shape: Sequence[float] = FLAT,
) -> FleetDay:
    """Follow a day of ``requests_per_second`` times the 24 multipliers of ``shape``.

    Multipliers whose mean is 1 keep ``requests_per_second`` the mean of the day.
    Each hour takes the replicas that keep utilisation below where queues grow, and the spare.
    When an hour needs more than the one before, the load is there at once and the new replicas
    a cold start later. The day repeats: hour 0 follows hour 23.

    Raises:
        CostError: when the shape is not 24 multipliers of which one is above zero.
    """
    if len(shape) != HOURS or min(shape) < 0 or not 0 < max(shape) < math.inf:
        problem = f"{HOURS} multipliers of the mean load, none negative and one above zero"
        raise CostError(problem, place="day shape")
    loads = [requests_per_second * multiplier for multiplier in shape]
    wanted = [_wanted(most, load, bounds) for load in loads]
    return FleetDay(
        hours=[
            _hour(most, loads[now], wanted[now], wanted[now - 1], bounds) for now in range(HOURS)
        ]
    )


def _wanted(most: Saturation, requests_per_second: float, bounds: FleetBounds) -> int:
    asked = requests_per_second * most.shape.output_tokens
    needed = replicas_for(most.theta.p50, asked, bounds.spare)
    return min(bounds.max_replicas, max(bounds.min_replicas, needed))


def _hour(
    most: Saturation, load: float, replicas: int, before: int, bounds: FleetBounds
) -> FleetHour:
    each = most.theta.p50 / most.shape.output_tokens
    starting = bounds.cold_start_seconds / _SECONDS_PER_HOUR if replicas > before else 0.0
    keeping = bounds.scale_down_seconds / _SECONDS_PER_HOUR if replicas < before else 0.0
    served = starting * min(load, before * each) + (1 - starting) * min(load, replicas * each)
    needed = replicas_for(most.theta.p50, load * most.shape.output_tokens, bounds.spare)
    missing = max(0, needed - bounds.max_replicas)
    return FleetHour(
        requests_per_second=load,
        served_requests_per_second=served,
        replicas=replicas,
        paid_replicas=replicas + keeping * (before - replicas),
        utilisation=load / (replicas * each),
        queue_grows=missing > 0,
        missing=missing,
    )
