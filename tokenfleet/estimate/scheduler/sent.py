"""A request on its way: held back by its client, then in the engine."""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from tokenfleet.estimate.scheduler.played import Answer
from tokenfleet.estimate.scheduler.request import Request


class Client:
    """Sends requests when they are due, and no more than ``in_flight`` before an answer comes."""

    def __init__(self, requests: Iterable[Request], in_flight: int) -> None:
        self.unsent = deque(sorted(requests, key=lambda each: each.at))
        self._free = deque([0.0] * in_flight)

    @property
    def sends_next(self) -> float:
        """When; never while nothing is left to send or all that may be is in flight."""
        if not self.unsent or not self._free:
            return math.inf
        return max(self.unsent[0].at, self._free[0])

    def sent(self) -> "Sent":
        """The next request, as the engine gets it."""
        sent = self.sends_next
        self._free.popleft()
        request = self.unsent.popleft()
        return Sent(
            request=request,
            at=sent,
            held=request.cached,
            unread=request.prompt - request.cached,
            left=request.outputs,
        )

    def answered(self, now: float) -> None:
        """One of those in flight has ended."""
        self._free.append(now)


@dataclass(slots=True)
class Sent:
    """A request in the engine: the cache holds ``held`` of its tokens, ``unread`` are to be read, ``left`` to be written.

    Once it is read it runs in lockstep with the others and ends after the engine's step
    ``last_step``, from which the rest follows. ``first`` is when it got its first token, ``latest``
    when, if it was preempted, it got the last before that.
    """

    request: Request
    at: float
    held: int
    unread: int
    left: int
    last_step: int = 0
    first: float | None = None
    latest: float = 0.0
    preempted: int = 0

    def write(self, step: int, now: float) -> None:
        """What was unread is read with this step, which gives it a token."""
        if self.first is None:
            self.first = now
        self.left -= 1
        self.last_step = step + self.left

    def held_after(self, step: int) -> int:
        """Tokens in the cache: of one in lockstep all but the last that it has written."""
        if self.unread:
            return self.held
        written = self.request.outputs - (self.last_step - step)
        return self.request.prompt + written - 1

    def begin_again(self, step: int, now: float) -> None:
        """Without its cache it reads its prompt and what it has written; what others share of it stays."""
        if not self.unread:
            self.left, self.latest = self.last_step - step, now
        request = self.request
        self.held = request.cached
        self.unread = request.prompt + request.outputs - self.left - request.cached
        self.preempted += 1

    def answer(self, now: float) -> Answer:
        """What its client sees when it ends now."""
        return Answer(
            request=self.request,
            sent=self.at,
            first=now if self.first is None else self.first,
            end=now,
            preempted=self.preempted,
        )
