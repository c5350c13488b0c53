"""How the number of replicas follows the load: the rule that KEDA is given, as data."""

import math
from dataclasses import dataclass

# The longest start in seconds, the target, and the window before replicas go.
_BY_START = ((105, 1.0, 300), (200, 0.9, 600), (math.inf, 0.8, 600))


@dataclass(frozen=True, kw_only=True)
class ScalingPolicy:
    """Requests in flight (running and waiting) on all replicas, divided by what one should hold.

    A replica should hold ``slots`` x ``target``; ``spare`` replicas come on top, for what arrives
    while another starts. Bounds in replicas, windows in seconds.
    """

    slots: int
    target: float
    spare: int
    least: int
    most: int
    average_seconds: int
    down_window_seconds: int
    reason: str

    @property
    def is_fixed(self) -> bool:
        """Whether the stack file leaves no choice."""
        return self.least == self.most

    def wanted(self, in_flight: float) -> int:
        """Replicas for so many requests in flight, within the bounds."""
        found = math.ceil(in_flight / (self.slots * self.target) + self.spare - 1e-9)
        return min(self.most, max(self.least, found))


def plan_scaling(*, slots: int, start_seconds: float, least: int, most: int) -> ScalingPolicy:
    """By how long a start takes: what arrives meanwhile needs room (facts in docs/scaling.md)."""
    target, down = next(
        (target, down) for longest, target, down in _BY_START if start_seconds <= longest
    )
    return ScalingPolicy(
        slots=slots,
        target=target,
        spare=1,
        least=least,
        most=most,
        average_seconds=60,
        down_window_seconds=down,
        reason=f"a start takes {start_seconds:.0f} s",
    )
