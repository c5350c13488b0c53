"""What a HorizontalPodAutoscaler makes of a rule: when it looks, what it ignores, how fast it moves.

Kubernetes 1.35, pkg/controller/podautoscaler (horizontal.go, replica_calculator.go): an external
metric of kind AverageValue, with the behaviour that the plan gives it.
"""

import math
from collections import deque
from dataclasses import dataclass

SYNC_SECONDS = 15
TOLERANCE = 0.1
"""Of the metric over what the replicas there are should hold: within, nothing changes."""
_UP_PODS, _UP_TIMES, _UP_PERIOD = 4, 2, 15
_DOWN_PODS, _DOWN_PERIOD = 1, 60


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a rule says: a metric on all replicas, and how much of it one should hold."""

    metric: float
    each: float


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Replicas at least and at most, and how long less is asked for, in seconds, before one goes.

    Each minute one goes, or ``down_percent`` of them where that is more.
    ``idle_seconds`` pass without anything before the last one goes, where there may be none: that
    is KEDA's cooldownPeriod.
    """

    least: int
    most: int
    down_window_seconds: int
    down_percent: int = 100
    idle_seconds: int = 0


class Autoscaler:
    """The number of replicas, from one look to the next."""

    def __init__(self, replicas: int, bounds: Bounds) -> None:
        self.replicas = replicas
        self._bounds = bounds
        self._busy = 0
        # When, and what was then recommended; when, and by how many replicas.
        self._recommended: deque[tuple[int, int]] = deque()
        self._changes: deque[tuple[int, int]] = deque()

    def look(self, now: int, asked: Asked) -> int:
        """The replicas from now on."""
        wanted = self._wanted(now, asked)
        window = self._bounds.down_window_seconds
        while self._recommended and self._recommended[0][0] <= now - window:
            self._recommended.popleft()
        self._recommended.append((now, wanted))
        current = self.replicas
        if wanted < current:
            wanted = min(current, max(number for _, number in self._recommended))
        self.replicas = self._limited(now, current, wanted)
        if self.replicas != current:
            self._changes.append((now, self.replicas - current))
        return self.replicas

    def _wanted(self, now: int, asked: Asked) -> int:
        current, bounds = self.replicas, self._bounds
        if asked.metric > 0:
            self._busy = now
        ratio = asked.metric / (asked.each * current) if current else math.inf
        within = abs(ratio - 1) <= TOLERANCE
        found = current if within else math.ceil(asked.metric / asked.each - 1e-9)
        least = bounds.least or min(current, now - self._busy < bounds.idle_seconds)
        return min(bounds.most, max(least, found))

    def _limited(self, now: int, current: int, wanted: int) -> int:
        """As far as the behaviour lets it go at once."""
        while self._changes and self._changes[0][0] <= now - _DOWN_PERIOD:
            self._changes.popleft()
        if wanted > current:
            added = sum(n for when, n in self._changes if n > 0 and when > now - _UP_PERIOD)
            before = current - added
            return min(wanted, max(current, before + _UP_PODS, before * _UP_TIMES))
        removed = -sum(n for _, n in self._changes if n < 0)
        before = current + removed
        share = int(before * (100 - self._bounds.down_percent) / 100)
        return max(wanted, min(current, before - _DOWN_PODS, share))
