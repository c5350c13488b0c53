"""A rule against a load, second by second."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tokenfleet.elasticity.autoscaler import SYNC_SECONDS, Autoscaler
from tokenfleet.elasticity.load import Load
from tokenfleet.elasticity.outcome import Moment, Outcome
from tokenfleet.elasticity.pooled import Pooled
from tokenfleet.elasticity.replica import Replica
from tokenfleet.elasticity.rules import Rule, Seen
from tokenfleet.elasticity.servers import MakeServers

_SECONDS_PER_HOUR = 3600
_FLAP_SECONDS = 900
_COURSE_SECONDS = 300


def play(
    load: Load,
    rule: Rule,
    replica: Replica,
    make: MakeServers = Pooled,
    advance: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """What becomes of the load; ``advance`` hears of seconds that were played.

    It begins with the replicas that its first minutes ask for.
    """
    world = _World(load, rule, replica, make)
    for begin in range(0, load.seconds, _SECONDS_PER_HOUR):
        end = min(load.seconds, begin + _SECONDS_PER_HOUR)
        world.live(begin, end)
        advance(end - begin)
    return world.outcome()


@dataclass
class _Totals:
    """Sums since the beginning, one for every second: differences are means over any time."""

    running: list[int] = field(default_factory=lambda: [0])
    waiting: list[int] = field(default_factory=lambda: [0])
    refused: list[int] = field(default_factory=lambda: [0])
    serving: list[int] = field(default_factory=lambda: [0])
    asked: list[int] = field(default_factory=lambda: [0])


class _World:
    def __init__(self, load: Load, rule: Rule, replica: Replica, make: MakeServers) -> None:
        self._load, self._rule, self._replica = load, rule, replica
        self._bounds = load.bounds()
        self._servers = make(load, replica)
        self._totals = _Totals()
        self._autoscaler = Autoscaler(self._first(), rule.bounds)
        self._serving = 0
        self._starting: deque[int] = deque()
        for _ in range(self._autoscaler.replicas):
            self._serve_one_more()
        self._flaps, self._last_end = 0, -math.inf

    def live(self, begin: int, end: int) -> None:
        bounds, servers, totals = self._bounds, self._servers, self._totals
        replicas = self._autoscaler.replicas
        for second in range(begin, end):
            while self._starting and self._starting[0] <= second:
                self._starting.popleft()
                self._serve_one_more()
            servers.second(second, bounds[second], bounds[second + 1])
            totals.running.append(totals.running[-1] + servers.running)
            totals.waiting.append(totals.waiting[-1] + servers.waiting)
            totals.refused.append(servers.refused)
            totals.serving.append(totals.serving[-1] + self._serving)
            totals.asked.append(totals.asked[-1] + replicas)
            if (second + 1) % SYNC_SECONDS == 0:
                before = replicas
                replicas = self._autoscaler.look(second, self._rule.asks(self._seen(second + 1)))
                self._change(second, replicas - before)

    def outcome(self) -> Outcome:
        totals, servers = self._totals, self._servers
        admitted = servers.admitted
        hours = totals.asked[-1] / _SECONDS_PER_HOUR
        busy = totals.running[-1] / self._replica.slots / _SECONDS_PER_HOUR
        requests = len(self._load.moments)
        counts = [
            after - before for before, after in zip(totals.asked, totals.asked[1:], strict=False)
        ]
        return Outcome(
            rule=self._rule.name,
            requests=requests,
            within=1 - servers.late / admitted if admitted else 1.0,
            shed=servers.refused / requests if requests else 0.0,
            replica_hours=hours,
            utilisation=busy / hours if hours else 0.0,
            flaps=self._flaps,
            fewest=min(counts),
            most=max(counts),
            course=self._course(),
        )

    def _first(self) -> int:
        """What the rule asks for the first minutes' requests, in the long run."""
        rate = self._bounds[min(self._load.seconds, _COURSE_SECONDS)] / _COURSE_SECONDS
        running = rate * self._replica.answer_seconds
        asked = self._rule.asks(
            Seen(
                replicas=self._rule.bounds.least,
                running=running,
                waiting=0.0,
                arrived_per_second=rate,
                refused_per_second=0.0,
            )
        )
        found = math.ceil(asked.metric / asked.each)
        return min(self._rule.bounds.most, max(self._rule.bounds.least, found))

    def _serve_one_more(self) -> None:
        self._servers.add()
        self._serving += 1

    def _change(self, second: int, more: int) -> None:
        if more > 0:
            if second - self._last_end <= _FLAP_SECONDS:
                self._flaps += 1
                self._last_end = -math.inf
            ready = second + math.ceil(self._replica.start_seconds)
            self._starting.extend([ready] * more)
        for _ in range(-more):
            self._last_end = second
            if self._starting:  # a ReplicaSet ends those first that are not ready
                self._starting.pop()
            else:
                self._servers.remove()
                self._serving -= 1

    def _seen(self, now: int) -> Seen:
        totals, since = self._totals, max(0, now - self._rule.average_seconds)
        seconds = now - since

        def mean(sums: Sequence[int]) -> float:
            return (sums[now] - sums[since]) / seconds

        return Seen(
            replicas=self._autoscaler.replicas,
            running=mean(totals.running),
            waiting=mean(totals.waiting),
            arrived_per_second=mean(self._bounds),
            refused_per_second=mean(totals.refused),
        )

    def _course(self) -> Sequence[Moment]:
        totals, slots = self._totals, self._replica.slots
        course: list[Moment] = []
        for begin in range(0, self._load.seconds, _COURSE_SECONDS):
            end = min(self._load.seconds, begin + _COURSE_SECONDS)
            seconds = end - begin

            def mean(sums: Sequence[int], begin: int = begin, end: int = end) -> float:
                return (sums[end] - sums[begin]) / (end - begin)

            course.append(
                Moment(
                    second=begin,
                    in_flight=mean(totals.running) + mean(totals.waiting),
                    slots=slots * mean(totals.serving),
                    replicas=mean(totals.asked),
                    refused_per_second=(totals.refused[end] - totals.refused[begin]) / seconds,
                )
            )
        return course
