"""Two ways to play what replicas do with requests: all as one, or each with a queue of its own."""

import heapq
import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from tokenfleet.elasticity.load import Load
from tokenfleet.elasticity.replica import Replica


class Servers(Protocol):
    """Replicas that serve, as the loop over seconds sees them.

    ``running`` and ``waiting`` are requests now, ``admitted``, ``late`` (admitted, but waited for longer than
    the slack) and ``refused`` all so far.
    """

    running: int
    waiting: int
    admitted: int
    late: int
    refused: int

    def add(self) -> None:
        """One more serves from now on."""
        ...

    def remove(self) -> None:
        """The newest takes no more requests, and ends those that it has."""
        ...

    def second(self, second: int, first: int, last: int) -> None:
        """Live through a second, in which the requests from ``first`` to before ``last`` come."""
        ...


MakeServers = Callable[[Load, Replica], Servers]


class Pooled:
    """All replicas as one, in steps of a second: a request takes any free slot, or the one queue.

    What a perfect balancer would reach. Requests that wait run in the order they came.
    """

    def __init__(self, load: Load, replica: Replica) -> None:
        self.running = self.waiting = self.admitted = self.late = self.refused = 0
        self._moments, self._answers = load.moments, load.answers
        self._slots, self._queue, self._slack = replica.slots, replica.queue, replica.slack_seconds
        self._ending: dict[int, int] = {}
        self._line: deque[int] = deque()
        self._replicas = 0

    def add(self) -> None:
        self._replicas += 1

    def remove(self) -> None:
        self._replicas -= 1

    def second(self, second: int, first: int, last: int) -> None:
        ending, answers, line = self._ending, self._answers, self._line
        running = self.running - ending.pop(second, 0)
        slots, room = self._slots * self._replicas, self._queue * self._replicas
        while line and running < slots:
            request = line.popleft()
            running += 1
            if second - self._moments[request] > self._slack:
                self.late += 1
            end = max(second + 1, int(second + answers[request] + 0.5))
            ending[end] = ending.get(end, 0) + 1
        for request in range(first, last):
            if running < slots:
                running += 1
                end = max(second + 1, int(self._moments[request] + answers[request]))
                ending[end] = ending.get(end, 0) + 1
            elif len(line) < room:
                line.append(request)
            else:
                self.refused += 1
                continue
            self.admitted += 1
        self.running, self.waiting = running, len(line)


_TRIES = 3
"""Of a request that a full replica refuses: once, and the edge's two retries."""


class _One:
    __slots__ = ("line", "running")

    def __init__(self) -> None:
        self.running = 0
        self.line: deque[int] = deque()


class Each:
    """Event by event, each replica with a queue of its own, as the edge and the engines do it.

    The edge draws two replicas and takes the emptier; where that is full, it refuses, and the edge
    tries others.
    """

    def __init__(self, load: Load, replica: Replica, seed: int = 1) -> None:
        self.running = self.waiting = self.admitted = self.late = self.refused = 0
        self._moments, self._answers = load.moments, load.answers
        self._slots, self._bound = replica.slots, replica.slots + replica.queue
        self._slack = replica.slack_seconds
        self._dice = random.Random(seed)  # noqa: S311 - a simulation, not a secret
        self._serving: list[_One] = []
        # When an answer ends, a number that makes it unique, and whose it is.
        self._ends: list[tuple[float, int, _One]] = []

    def add(self) -> None:
        self._serving.append(_One())

    def remove(self) -> None:
        self._serving.pop()

    def second(self, second: int, first: int, last: int) -> None:
        for request in range(first, last):
            moment = self._moments[request]
            self._end_until(moment)
            self._arrive(request, moment)
        self._end_until(second + 1)

    def _end_until(self, moment: float) -> None:
        ends, answers = self._ends, self._answers
        while ends and ends[0][0] <= moment:
            end, _, one = ends[0]
            if one.line:
                request = one.line.popleft()
                self.waiting -= 1
                if end - self._moments[request] > self._slack:
                    self.late += 1
                heapq.heapreplace(ends, (end + answers[request], request, one))
            else:
                heapq.heappop(ends)
                one.running -= 1
                self.running -= 1

    def _arrive(self, request: int, moment: float) -> None:
        one = self._chosen()
        if one is None:
            self.refused += 1
            return
        self.admitted += 1
        if one.running < self._slots:
            one.running += 1
            self.running += 1
            heapq.heappush(self._ends, (moment + self._answers[request], request, one))
        else:
            one.line.append(request)
            self.waiting += 1

    def _chosen(self) -> _One | None:
        """The emptier of two, or of two others where that is full; None where all tries met full ones."""
        left: Sequence[_One] = self._serving
        for _ in range(_TRIES):
            if not left:
                return None
            count = len(left)
            one = left[int(self._dice.random() * count)]
            other = left[int(self._dice.random() * count)]
            if other.running + len(other.line) < one.running + len(one.line):
                one = other
            if one.running + len(one.line) < self._bound:
                return one
            left = [each for each in left if each is not one]
        return None
