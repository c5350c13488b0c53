"""A model's replicas over a day: whole ones that follow the load, a cold start behind it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.estimate.refusal import CostError

HOURS = 24
SCALE_DOWN_SECONDS = 600
"""How long a node without a pod is kept: the Cluster Autoscaler's --scale-down-unneeded-time."""

_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class FleetHour:
    """One hour: what is asked, how many replicas there are and are paid, what they complete.

    ``utilisation`` is what is asked over what the replicas serve at most.
    """

    requests_per_second: float
    served_requests_per_second: float
    replicas: int
    paid_replicas: float
    utilisation: float


@dataclass(frozen=True, kw_only=True)
class FleetDay:
    """24 hours of a fleet; averages are over time."""

    hours: Sequence[FleetHour]

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


def day_shape(loads: Sequence[float]) -> Sequence[float]:
    """Loads of 24 hours, in any unit, as multiples of their mean.

    Raises:
        CostError: when they are not 24 numbers from 0 on of which one is above zero.
    """
    if len(loads) != HOURS or not all(0 <= load < math.inf for load in loads) or not max(loads):
        problem = f"give {HOURS} numbers, one an hour, none negative and one above zero"
        raise CostError(problem, place="day shape")
    # Of what is left over the largest: the sum of 24 large numbers is no number.
    shares = [load / max(loads) for load in loads]
    mean = math.fsum(shares) / HOURS
    return [share / mean for share in shares]


def fleet_day(
    each: float,
    loads: Sequence[float],
    replicas: Sequence[int],
    *,
    cold_start_seconds: float,
    down_window_seconds: float,
) -> FleetDay:
    """Serve each hour's load with its replicas, of which one serves ``each`` requests a second.

    A replica is paid from its launch and serves a cold start later, while the load is there at
    once; one that is no longer needed stays for ``down_window_seconds``, and its node is paid
    ``SCALE_DOWN_SECONDS`` more. The day repeats: the first hour follows the last.
    """
    kept = down_window_seconds + SCALE_DOWN_SECONDS
    return FleetDay(
        hours=[
            _hour(
                each,
                loads[now],
                (replicas[now - 1], replicas[now]),
                cold_start_seconds=cold_start_seconds,
                kept_seconds=kept,
            )
            for now in range(len(loads))
        ]
    )


def _hour(
    each: float,
    load: float,
    counts: tuple[int, int],
    *,
    cold_start_seconds: float,
    kept_seconds: float,
) -> FleetHour:
    before, replicas = counts
    cold = min(1.0, cold_start_seconds / _SECONDS_PER_HOUR)
    starting = cold if replicas > before else 0.0
    keeping = min(1.0, kept_seconds / _SECONDS_PER_HOUR) if replicas < before else 0.0
    return FleetHour(
        requests_per_second=load,
        served_requests_per_second=starting * min(load, before * each)
        + (1 - starting) * min(load, replicas * each),
        replicas=replicas,
        paid_replicas=replicas + keeping * (before - replicas),
        utilisation=load / (replicas * each),
    )
