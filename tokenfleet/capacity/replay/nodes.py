"""The nodes of a replay: who runs where, since when ready, until when.

What follows from them is worked out anew only when something happened to them (``touched``) or
time alone changed something (``next_moment``): a year has a hundred thousand steps.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass, field

from tokenfleet.capacity.policy.observation import OnDemandSeen, ZoneSeen


@dataclass(slots=True)
class Doomed:
    """A reclaimed node, which serves for a while yet; the policy was told of it, or not."""

    ready_at: float
    serves_until: float
    dies_at: float
    heard: bool


@dataclass(slots=True)
class ZoneNodes:
    """Spot nodes of one zone; ``running`` holds when each gets ready, oldest first.

    ``refusals`` are known when, and of how many nodes; ``refused`` and ``reclaimed`` (notices)
    wait to be told. ``seen`` is what was seen last, if that is all there is to see.
    """

    capacity: int = 0
    running: list[float] = field(default_factory=list[float])
    doomed: list[Doomed] = field(default_factory=list[Doomed])
    refusals: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    refused: int = 0
    reclaimed: int = 0
    touched: bool = True
    next_moment: float = math.inf
    serving: int = 0
    paid: int = 0
    _ready: int = 0
    _held: int = 0
    seen: ZoneSeen | None = None

    def unheard(self) -> int:
        """Doomed nodes that look like any other."""
        return sum([not node.heard for node in self.doomed]) if self.doomed else 0

    def asked(self) -> int:
        """Nodes whose refusal is not known yet."""
        return sum([count for _, count in self.refusals]) if self.refusals else 0

    def refuse(self, known: float, count: int) -> None:
        """So many more nodes will not come, which is known only then."""
        self.refusals.append((known, count))
        self.next_moment = min(self.next_moment, known)
        self.seen = None

    def look(self, now: float) -> ZoneSeen:
        """What there is to see; refusals and notices are told once."""
        if self.touched or now >= self.next_moment:
            self.pass_time(now)
        if self.seen:
            return self.seen
        seen = ZoneSeen(
            ready=self._ready,
            booting=self._held - self._ready,
            asked=self.asked(),
            doomed=self.paid - self._held,
            refused=self.refused,
            reclaimed=self.reclaimed,
        )
        if self.refused or self.reclaimed:
            self.refused = self.reclaimed = 0
        else:
            self.seen = seen
        return seen

    def pass_time(self, now: float) -> None:
        """Nodes get ready and die, refusals become known."""
        running = self.running
        held = self.paid = self._held = len(running)
        ready = self.serving = self._ready = bisect_right(running, now)
        self.next_moment = running[ready] if ready < held else math.inf
        self.touched, self.seen = False, None
        if self.refusals:
            self._hear(now)
        if self.doomed:
            self._lose(now)

    def _hear(self, now: float) -> None:
        later: list[tuple[float, int]] = []
        for known, count in self.refusals:
            if known <= now:
                self.refused += count
            else:
                later.append((known, count))
                self.next_moment = min(self.next_moment, known)
        self.refusals = later

    def _lose(self, now: float) -> None:
        self.doomed = [node for node in self.doomed if node.dies_at > now]
        self.paid += len(self.doomed)
        for node in self.doomed:
            is_ready = node.ready_at <= now
            self.serving += is_ready and now < node.serves_until
            if not node.heard:  # looks like any other
                self._held += 1
                self._ready += is_ready
            for at in (node.ready_at, node.serves_until, node.dies_at):
                if now < at < self.next_moment:
                    self.next_moment = at


@dataclass(slots=True)
class OnDemandNodes:
    """The same on demand, where nothing is reclaimed; ``refusals`` are known when.

    ``stopped`` wait in a warm pool, and ``warming`` holds when others will, oldest first: until then
    those run, and are paid.
    """

    running: list[float] = field(default_factory=list[float])
    stopped: int = 0
    warming: list[float] = field(default_factory=list[float])
    refusals: list[float] = field(default_factory=list[float])
    refused: int = 0
    touched: bool = True
    next_moment: float = math.inf
    serving: int = 0
    paid: int = 0
    _seen: OnDemandSeen = field(default_factory=OnDemandSeen)

    def look(self, now: float) -> OnDemandSeen:
        """What there is to see; refusals are told once."""
        if self.touched or now >= self.next_moment:
            self.pass_time(now)
        seen, refused = self._seen, self.refused
        if not refused:
            return seen
        self.refused = 0
        return OnDemandSeen(
            ready=seen.ready, booting=seen.booting, refused=refused, warm=self.stopped
        )

    def launch(self, count: int, now: float, *, boot: float, warm_boot: float) -> None:
        """So many more: those that are stopped first, in whose place others warm up."""
        drawn = min(count, self.stopped)
        self.running += [now + boot] * (count - drawn)
        if drawn:
            self.stopped -= drawn
            self.warming += [now + boot] * drawn
            self.running = sorted([*self.running, *[now + warm_boot] * drawn])

    def pass_time(self, now: float) -> None:
        """Nodes get ready, or are stopped; refusals become known."""
        self.serving = ready = bisect_right(self.running, now)
        self.next_moment = self.running[ready] if ready < len(self.running) else math.inf
        self.touched = False
        if self.refusals:
            self.refused += sum([at <= now for at in self.refusals])
            self.refusals = [at for at in self.refusals if at > now]
            self.next_moment = min([self.next_moment, *self.refusals])
        if self.warming:
            done = bisect_right(self.warming, now)
            self.stopped += done
            del self.warming[:done]
            self.next_moment = min([self.next_moment, *self.warming])
        self.paid = len(self.running) + len(self.warming)
        self._seen = OnDemandSeen(ready=ready, booting=len(self.running) - ready, warm=self.stopped)
