"""A policy against a trace, from one event to the next, in the steps that a controller would take."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tokenfleet.capacity.policy.observation import ModelSeen, Observation
from tokenfleet.capacity.replay.faults import NO_FAULTS, Faults
from tokenfleet.capacity.replay.nodes import Doomed, OnDemandNodes, ZoneNodes
from tokenfleet.capacity.replay.outcome import Outcome
from tokenfleet.capacity.replay.player import Player, Wish
from tokenfleet.capacity.replay.tally import Tally
from tokenfleet.capacity.traces.trace import CapacityTrace

STEP = 15
_WARM_UP = 960
"""Everything boots at first: not counted."""
_NO_MODELS: Mapping[str, ModelSeen] = {}


@dataclass(frozen=True, kw_only=True)
class Pool:
    """What is replayed; times in seconds.

    ``notice``: from a reclaim to the end of the node, of which the replica serves all but the
    ``drain``. ``warm`` on-demand nodes wait stopped, and serve ``warm_boot`` after they were drawn;
    to replace one takes a ``boot``, for which it is paid. Their disks are not: the bill has those.
    """

    wanted: int
    boot: float
    warm: int = 0
    warm_boot: float = math.inf
    notice: float = 120.0
    drain: float = 0.0
    answer: float = 15.0
    spot_price: float = 0.3


def replay(trace: CapacityTrace, player: Player, pool: Pool, faults: Faults = NO_FAULTS) -> Outcome:
    """What becomes of the pool over the whole trace."""
    return _World(trace, player, pool, faults).run()


class _World:
    def __init__(self, trace: CapacityTrace, player: Player, pool: Pool, faults: Faults) -> None:
        self._trace, self._player, self._pool, self._faults = trace, player, pool, faults
        self._dice = faults.dice()
        self._zones = {name: ZoneNodes() for name in trace.zones}
        self._each = list(self._zones.values())
        self._on_demand = OnDemandNodes(warming=[pool.boot] * pool.warm)
        self._row = 0
        self._next_row = 0.0
        self._changed = False
        self._reclaims = self._launches = 0

    def run(self) -> Outcome:
        tally = Tally(self._pool.wanted, first=_WARM_UP, last=self._trace.seconds)
        now, end, blind = 0.0, self._trace.seconds, self._faults.blind
        while now < end:
            if now >= self._next_row:
                self._take_back(now)
            self._changed = False
            if blind and blind.hold(now):
                wake = blind.end(now)
            else:
                wish = self._player.step(self._observation(now))
                self._carry_out(wish, now)
                wake = now + wish.sleep_seconds
            serving, spot = self._standing(now)
            following = now + STEP
            if not self._changed and (soonest := self._next_moment(now, wake)) > following:
                following = STEP * math.ceil(soonest / STEP)
            tally.add(following, serving, spot, self._on_demand.paid)
            now = following
        return Outcome(
            wanted=self._pool.wanted,
            spot_price=self._pool.spot_price,
            days=tally.days(),
            reclaims=self._reclaims,
            launches=self._launches,
        )

    def _take_back(self, now: float) -> None:
        while self._next_row <= now:
            self._take_row()
            for zone in self._each:
                while len(zone.running) > zone.capacity:
                    self._reclaim(zone, now)

    def _take_row(self) -> None:
        trace = self._trace
        for zone, capacity in zip(self._each, trace.capacities[self._row], strict=True):
            zone.capacity = capacity
        self._row += 1
        is_last = self._row == len(trace.starts)
        self._next_row = math.inf if is_last else trace.starts[self._row]

    def _next_loss(self, soonest: float) -> float:
        """When a node is taken back, if that is sooner: capacity that nobody holds is not seen."""
        while self._next_row < soonest:
            row = self._trace.capacities[self._row]
            for zone, capacity in zip(self._each, row, strict=True):
                if len(zone.running) > capacity:
                    return self._next_row
            self._take_row()
        return soonest

    def _reclaim(self, zone: ZoneNodes, now: float) -> None:
        lost = self._faults.notices_lost
        heard = not lost or self._dice.random() >= lost
        dies_at = now + self._pool.notice
        serves_until = max(now, dies_at - self._pool.drain)
        zone.doomed.append(Doomed(zone.running.pop(), serves_until, dies_at, heard))
        zone.reclaimed += heard
        zone.touched = True
        self._reclaims += 1

    def _observation(self, now: float) -> Observation:
        return Observation(
            now=now,
            wanted=self._pool.wanted,
            zones={
                name: zone.seen
                if zone.seen and not zone.touched and now < zone.next_moment
                else zone.look(now)
                for name, zone in self._zones.items()
            },
            on_demand=self._on_demand.look(now),
            models=_NO_MODELS,
        )

    def _call_fails(self) -> bool:
        fails = self._dice.random() < self._faults.calls_failed
        self._changed |= fails  # so that who sleeps until something happens looks again
        return fails

    def _carry_out(self, wish: Wish, now: float) -> None:
        failed = self._faults.calls_failed
        for name, level in wish.spot.items():
            if not (failed and self._call_fails()):
                self._set_zone(self._zones[name], level, now)
        if wish.fleet is not None and not (failed and self._call_fails()):
            self._set_fleet(wish.fleet, now)
        if wish.on_demand != len(self._on_demand.running) and not (failed and self._call_fails()):
            self._set_on_demand(wish.on_demand, now)

    def _set_zone(self, zone: ZoneNodes, level: int, now: float) -> None:
        running = zone.running
        looks_held = len(running)
        if zone.doomed:
            looks_held += zone.unheard()
        while looks_held > level and running:
            running.pop()
            looks_held -= 1
            self._changed = zone.touched = True
        missing = level - looks_held
        if zone.refusals:
            missing -= zone.asked()
        if missing <= 0:
            return
        self._changed = True
        granted = min(missing, zone.capacity - len(running))
        if granted > 0:
            running += [now + self._pool.boot] * granted
            self._launches += granted
            missing -= granted
            zone.touched = True
        if missing:
            zone.refuse(now + self._pool.answer, missing)

    def _set_fleet(self, level: int, now: float) -> None:
        zones = self._each
        missing = level - sum([len(z.running) + z.unheard() + z.asked() for z in zones])
        while missing < 0 and (full := [zone for zone in zones if zone.running]):
            youngest = max(full, key=lambda zone: zone.running[-1])
            youngest.running.pop()
            missing += 1
            self._changed = youngest.touched = True
        while missing > 0:
            room = [zone for zone in zones if len(zone.running) < zone.capacity]
            if not room:
                zones[0].refuse(now + self._pool.answer, missing)
                self._changed = True
                return
            emptiest = min(room, key=lambda zone: len(zone.running))
            emptiest.running.append(now + self._pool.boot)
            self._changed = emptiest.touched = True
            self._launches += 1
            missing -= 1

    def _set_on_demand(self, level: int, now: float) -> None:
        nodes = self._on_demand
        self._changed = nodes.touched = True
        more = level - len(nodes.running)
        out = self._faults.on_demand_out
        if more < 0:
            del nodes.running[max(0, level) :]
        elif out and out.hold(now):
            nodes.refusals.append(now + self._pool.answer)
        else:
            pool = self._pool
            nodes.launch(more, now, boot=pool.boot, warm_boot=pool.warm_boot)

    def _standing(self, now: float) -> tuple[int, int]:
        """Nodes that serve, and of all that are paid those on spot."""
        on_demand = self._on_demand
        if on_demand.touched or now >= on_demand.next_moment:
            on_demand.pass_time(now)
        serving, spot = on_demand.serving, 0
        for zone in self._each:
            if zone.touched or now >= zone.next_moment:
                zone.pass_time(now)
            serving += zone.serving
            spot += zone.paid
        return serving, spot

    def _next_moment(self, now: float, wake: float) -> float:
        """When the policy wakes or time alone changes anything."""
        moments = [zone.next_moment for zone in self._each]
        soonest = min(self._trace.seconds, self._on_demand.next_moment, *moments)
        if now < wake < soonest:
            soonest = wake
        return self._next_loss(soonest) if self._next_row < soonest else soonest
