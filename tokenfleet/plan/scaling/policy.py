"""How the number of replicas follows the load: the rule that KEDA is given, as data."""

import math
from collections.abc import Callable
from dataclasses import dataclass

# The longest start in seconds, the target, and the window in seconds before replicas go: what arrives
# while one starts needs room (docs/scaling.md has the runs that these figures were chosen by).
_BY_START = ((105, 1.0, 300), (200, 0.92, 300), (math.inf, 0.8, 300))
# As much again as there is, up to a replica: half of it sheds five times as much on one or two.
_SPARE_SHARE = 1.0
_AVERAGE_SECONDS = 20
# One at a time would keep what a spike added to a large fleet for a quarter of an hour.
_DOWN_PERCENT = 20


@dataclass(frozen=True, kw_only=True)
class CarriedLoad:
    """The most that one replica carries within the objective, and the requests in flight on it then."""

    requests_per_second: float
    in_flight: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class ScalingPolicy:
    """Requests in flight (running and waiting) on all replicas, divided by what one should hold.

    A replica should hold ``slots`` x ``target``, which are never more than are in flight on one that
    ``carries`` so many requests a second: the most within the objective, None where nobody knows.
    ``spare`` replicas come on top for what arrives
    while another starts, but not more than ``spare_share`` of those in flight ask for: one more for
    a handful of requests would double what a small fleet costs. Load is averaged over
    ``average_seconds``. ``least`` and ``most`` are replicas; ``down_window_seconds`` pass with less
    load before one goes, ``idle_seconds`` without any before the last one does, where ``least`` is
    0. Each minute one goes, or ``down_percent`` of them where that is more.
    """

    slots: int
    target: float
    carries: float | None
    spare: int
    spare_share: float
    least: int
    most: int
    average_seconds: int
    down_window_seconds: int
    down_percent: int
    idle_seconds: int
    reason: str

    @property
    def is_fixed(self) -> bool:
        """Whether the stack file leaves no choice."""
        return self.least == self.most

    @property
    def each(self) -> float:
        """Requests that one replica should hold: what the autoscaler divides by."""
        return self.slots * self.target

    def load(self, in_flight: float, shed_per_second: float, answer_seconds: float) -> float:
        """Those in flight, and those that would be if none had been refused.

        Refused clients come back, and each time count again: so never more than as much again as
        is in flight, or as one replica should hold.
        """
        return in_flight + min(shed_per_second * answer_seconds, max(in_flight, self.each))

    def asked(self, load: float) -> float:
        """What the autoscaler is told for that load: the spare included."""
        return load + min(self.spare * self.each, self.spare_share * load)

    def wanted(self, load: float) -> int:
        """Replicas for that load, within the bounds."""
        found = math.ceil(self.asked(load) / self.each - 1e-9)
        return min(self.most, max(self.least, found))

    def settled(self, in_flight: Callable[[int], float], keeping: int = 0) -> int:
        """The fewest replicas that it does not raise, where ``in_flight`` requests run on so many.

        ``keeping`` are those on which each does no more than it ``carries``: on fewer, with those
        that wait, more are in flight than it lets stand.
        """
        most = self.most
        least = min(most, max(self.least, keeping))
        while least < most:
            middle = (least + most) // 2
            if self.wanted(in_flight(middle)) <= middle:
                most = middle
            else:
                least = middle + 1
        return least


def plan_scaling(
    *, slots: int, start_seconds: float, least: int, most: int, carried: CarriedLoad | None = None
) -> ScalingPolicy:
    """By how long a start takes, and by what a replica carries within the objective where that is less.

    Slots beyond what it carries have room for a burst already: only what they lack of the spare
    comes on top.
    """
    target, down = next(
        (target, down) for longest, target, down in _BY_START if start_seconds <= longest
    )
    reason, share = f"a start takes {start_seconds:.0f} s", _SPARE_SHARE
    if carried and carried.in_flight < slots * target:
        share = max(0.0, (1 + share) * carried.in_flight / (slots * target) - 1)
        target, reason = carried.in_flight / slots, carried.reason
    return ScalingPolicy(
        slots=slots,
        target=target,
        carries=carried.requests_per_second if carried else None,
        spare=1 if share else 0,
        spare_share=share,
        least=least,
        most=most,
        average_seconds=_AVERAGE_SECONDS,
        down_window_seconds=down,
        down_percent=_DOWN_PERCENT,
        # Who woke it must still find it when it has started.
        idle_seconds=down + math.ceil(start_seconds / 60) * 60,
        reason=reason,
    )
