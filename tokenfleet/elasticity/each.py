"""Every replica with a queue of its own, event by event, behind an edge that draws four of them."""

import heapq
import random
from collections import deque
from collections.abc import Sequence

from tokenfleet.elasticity.load import Load
from tokenfleet.elasticity.replica import Replica

_DRAWN = 4
_FEWEST_RETRIES, _MOST_RETRIES = 2, 7
"""Of a request that a full replica refuses: as many as the edge makes, by how many replicas there may be."""


class _One:
    """A replica: what runs on it, by when it ends on its own clock, and who waits.

    Its clock goes faster the fewer run. ``turn`` tells its next end from those that no longer are.
    """

    __slots__ = ("at", "clock", "ends", "line", "turn")

    def __init__(self) -> None:
        self.at = self.clock = 0.0
        self.ends: list[tuple[float, int]] = []
        self.line: deque[int] = deque()
        self.turn = 0


class Each:
    """Event by event, each replica with a queue of its own, as the edge and the engines do it.

    The edge draws two replicas and takes the emptier; where that is full, it refuses, and the edge
    tries others.
    """

    def __init__(self, load: Load, replica: Replica, seed: int = 1) -> None:
        self.running = self.waiting = self.admitted = self.late = self.refused = 0
        self._moments, self._answers = load.moments, load.answers
        self._slots, self._bound = replica.slots, replica.slots + replica.queue
        self._slack, self._speeds = replica.slack_seconds, replica.speeds
        self._dice = random.Random(seed)  # noqa: S311 - a simulation, not a secret
        self._serving: list[_One] = []
        # When the next answer of a replica ends, a number that makes it unique, whose, and its turn.
        self._next: list[tuple[float, int, _One, int]] = []
        self._count = 0

    def add(self) -> None:
        """See ``Servers``."""
        self._serving.append(_One())

    def remove(self) -> None:
        """See ``Servers``."""
        self._serving.pop()

    def second(self, second: int, first: int, last: int) -> None:
        """See ``Servers``."""
        for request in range(first, last):
            moment = self._moments[request]
            self._end_until(moment)
            self._arrive(request, moment)
        self._end_until(second + 1)

    def _end_until(self, moment: float) -> None:
        waiting_ends = self._next
        while waiting_ends and waiting_ends[0][0] <= moment:
            now, _, one, turn = heapq.heappop(waiting_ends)
            if turn != one.turn:
                continue
            self._bring(one, now)
            heapq.heappop(one.ends)
            if one.line:
                request = one.line.popleft()
                self.waiting -= 1
                if now - self._moments[request] > self._slack:
                    self.late += 1
                heapq.heappush(one.ends, (one.clock + self._answers[request], request))
            else:
                self.running -= 1
            self._expect(one, now)

    def _bring(self, one: _One, now: float) -> None:
        """Its clock up to now."""
        one.clock += (now - one.at) * self._speeds[len(one.ends)]
        one.at = now

    def _expect(self, one: _One, now: float) -> None:
        one.turn += 1
        if one.ends:
            self._count += 1
            left = max(0.0, one.ends[0][0] - one.clock) / self._speeds[len(one.ends)]
            heapq.heappush(self._next, (now + left, self._count, one, one.turn))

    def _arrive(self, request: int, moment: float) -> None:
        one = self._chosen()
        if one is None:
            self.refused += 1
            return
        self.admitted += 1
        if len(one.ends) < self._slots:
            self._bring(one, moment)
            heapq.heappush(one.ends, (one.clock + self._answers[request], request))
            self.running += 1
            self._expect(one, moment)
        else:
            one.line.append(request)
            self.waiting += 1

    def _chosen(self) -> _One | None:
        """The emptiest of those drawn, or of others where that is full; None where all tries met full ones."""
        left: Sequence[_One] = self._serving
        retries = min(_MOST_RETRIES, max(_FEWEST_RETRIES, len(left) - 1))
        for _ in range(1 + retries):
            if not left:
                return None
            count = len(left)
            one = left[int(self._dice.random() * count)]
            held = len(one.ends) + len(one.line)
            for _ in range(_DRAWN - 1):
                other = left[int(self._dice.random() * count)]
                others = len(other.ends) + len(other.line)
                if others < held:
                    one, held = other, others
            if held < self._bound:
                return one
            left = [each for each in left if each is not one]
        return None
