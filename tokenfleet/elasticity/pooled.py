"""All replicas as one, in steps of a second: fast, and even between them at every moment."""

from collections import deque

from tokenfleet.elasticity.load import Load
from tokenfleet.elasticity.replica import Replica


class Pooled:
    """All replicas as one, in steps of a second: a request takes any free slot, or the one queue.

    What runs is spread evenly over all that are there, also what a replica that goes has left: so on
    few replicas it may refuse more than ``Each``. Requests that wait run in the order they came.
    """

    def __init__(self, load: Load, replica: Replica) -> None:
        self.running = self.waiting = self.admitted = self.late = self.refused = 0
        self._moments, self._answers = load.moments, load.answers
        self._slots, self._queue, self._slack = replica.slots, replica.queue, replica.slack_seconds
        self._speeds = replica.speeds
        # What has been done of every answer since the beginning, in seconds of full replicas: one
        # ends when its length has been done since it began, whatever the speed was meanwhile.
        self._done = 0.0
        self._ended = 0
        self._ending: dict[int, int] = {}
        self._line: deque[int] = deque()
        self._replicas = 0

    def add(self) -> None:
        """See ``Servers``."""
        self._replicas += 1

    def remove(self) -> None:
        """See ``Servers``."""
        self._replicas -= 1

    def second(self, second: int, first: int, last: int) -> None:
        """See ``Servers``."""
        ending, answers, line = self._ending, self._answers, self._line
        running = self.running
        while self._ended < int(self._done):
            self._ended += 1
            running -= ending.pop(self._ended, 0)
        done, least = self._done, self._ended + 1
        slots, room = self._slots * self._replicas, self._queue * self._replicas
        while line and running < slots:
            request = line.popleft()
            running += 1
            if second - self._moments[request] > self._slack:
                self.late += 1
            end = max(least, int(done + answers[request] + 0.5))
            ending[end] = ending.get(end, 0) + 1
        for request in range(first, last):
            if running < slots:
                running += 1
                # Half a second of the one it comes in is over, on average.
                end = max(least, int(done + answers[request] + 0.5))
                ending[end] = ending.get(end, 0) + 1
            elif len(line) < room:
                line.append(request)
            else:
                self.refused += 1
                continue
            self.admitted += 1
        self.running, self.waiting = running, len(line)
        on_each = min(self._slots, round(running / self._replicas)) if self._replicas else 0
        self._done += self._speeds[on_each]
