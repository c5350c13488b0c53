"""A policy against a trace, from one event to the next, in the steps that a controller would take."""

import math
from bisect import bisect_right
from dataclasses import dataclass

from tokenfleet.capacity.policy.observation import Observation, OnDemandSeen, ZoneSeen
from tokenfleet.capacity.replay.faults import NO_FAULTS, Faults
from tokenfleet.capacity.replay.nodes import Doomed, ZoneNodes
from tokenfleet.capacity.replay.outcome import Outcome
from tokenfleet.capacity.replay.player import Player, Wish
from tokenfleet.capacity.replay.tally import Tally
from tokenfleet.capacity.traces.trace import CapacityTrace

STEP = 15
_WARM_UP = 960
"""Everything boots at first: not counted."""


@dataclass(frozen=True, kw_only=True)
class Pool:
    """What is replayed; times in seconds.

    ``notice``: from a reclaim to the end of the node, of which the replica serves all but the
    ``drain``.
    """

    wanted: int
    boot: float
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
        self._on_demand: list[float] = []
        self._on_demand_refusals: list[float] = []
        self._capacity = dict.fromkeys(trace.zones, 0)
        self._row = 0
        self._changed = False
        self._reclaims = self._launches = 0

    def run(self) -> Outcome:
        tally = Tally(self._pool.wanted, counted_from=_WARM_UP)
        now, wake, end = 0.0, 0.0, self._trace.seconds
        while now < end:
            self._advance(now)
            blind = self._faults.blind
            self._changed = False
            if blind and blind.hold(now):
                wake = blind.end(now)
            else:
                wish = self._player.step(self._observation(now))
                self._carry_out(wish, now)
                wake = now + wish.sleep_seconds
            following = now + STEP
            if not self._changed:
                soonest = self._next_moment(now, wake)
                following = max(following, STEP * math.ceil(soonest / STEP))
            serving, paid = self._serving_and_paid(now)
            tally.add(now, min(following, end), serving, paid)
            now = following
        return Outcome(
            wanted=self._pool.wanted,
            days=tally.days(),
            reclaims=self._reclaims,
            launches=self._launches,
        )

    def _advance(self, now: float) -> None:
        trace = self._trace
        while self._row < len(trace.starts) and trace.starts[self._row] <= now:
            row = trace.capacities[self._row]
            self._capacity = dict(zip(trace.zones, row, strict=True))
            self._row += 1
            for name, capacity in self._capacity.items():
                while len(self._zones[name].running) > capacity:
                    self._reclaim(self._zones[name], now)
        for zone in self._zones.values():
            if zone.doomed:
                zone.doomed = [node for node in zone.doomed if node.dies_at > now]
            if zone.refusals:
                zone.refused += sum(count for known, count in zone.refusals if known <= now)
                zone.refusals = [asked for asked in zone.refusals if asked[0] > now]

    def _reclaim(self, zone: ZoneNodes, now: float) -> None:
        lost = self._faults.notices_lost
        heard = not lost or self._dice.random() >= lost
        dies_at = now + self._pool.notice
        serves_until = max(now, dies_at - self._pool.drain)
        zone.doomed.append(Doomed(zone.running.pop(), serves_until, dies_at, heard))
        zone.reclaimed += heard
        self._reclaims += 1

    def _observation(self, now: float) -> Observation:
        zones = {name: _seen(zone, now) for name, zone in self._zones.items()}
        ready = bisect_right(self._on_demand, now)
        refused = sum(at <= now for at in self._on_demand_refusals)
        if refused:
            self._on_demand_refusals = [at for at in self._on_demand_refusals if at > now]
        return Observation(
            now=now,
            wanted=self._pool.wanted,
            zones=zones,
            on_demand=OnDemandSeen(
                ready=ready, booting=len(self._on_demand) - ready, refused=refused
            ),
        )

    def _call_fails(self) -> bool:
        failed = self._faults.calls_failed
        return bool(failed) and self._dice.random() < failed

    def _carry_out(self, wish: Wish, now: float) -> None:
        for name, level in wish.spot.items():
            if not self._call_fails():
                self._set_zone(self._zones[name], self._capacity[name], level, now)
        if wish.fleet is not None and not self._call_fails():
            self._set_fleet(wish.fleet, now)
        if wish.on_demand != len(self._on_demand) and not self._call_fails():
            self._set_on_demand(wish.on_demand, now)

    def _set_zone(self, zone: ZoneNodes, capacity: int, level: int, now: float) -> None:
        looks_held = len(zone.running) + zone.unheard()
        while looks_held > level and zone.running:
            zone.running.pop()
            looks_held -= 1
            self._changed = True
        missing = level - looks_held - sum(count for _, count in zone.refusals)
        granted = max(0, min(missing, capacity - len(zone.running)))
        zone.running += [now + self._pool.boot] * granted
        if missing > granted:
            zone.refusals.append((now + self._pool.answer, missing - granted))
        self._launches += granted
        self._changed |= missing > 0

    def _set_fleet(self, level: int, now: float) -> None:
        zones = self._zones
        held = {name: len(zone.running) + zone.unheard() for name, zone in zones.items()}
        asked = sum(count for zone in zones.values() for _, count in zone.refusals)
        missing = level - sum(held.values()) - asked
        while missing < 0 and (full := [name for name in zones if zones[name].running]):
            zones[max(full, key=lambda name: zones[name].running[-1])].running.pop()
            missing += 1
            self._changed = True
        while missing > 0:
            self._changed = True
            room = [n for n in zones if len(zones[n].running) < self._capacity[n]]
            if not room:
                next(iter(zones.values())).refusals.append((now + self._pool.answer, missing))
                return
            emptiest = min(room, key=lambda name: len(zones[name].running))
            zones[emptiest].running.append(now + self._pool.boot)
            self._launches += 1
            missing -= 1

    def _set_on_demand(self, level: int, now: float) -> None:
        self._changed = True
        nodes = self._on_demand
        if level < len(nodes):
            del nodes[max(0, level) :]
            return
        out = self._faults.on_demand_out
        if out and out.hold(now):
            self._on_demand_refusals.append(now + self._pool.answer)
        else:
            nodes += [now + self._pool.boot] * (level - len(nodes))

    def _serving_and_paid(self, now: float) -> tuple[int, float]:
        on_demand, spot = self._on_demand, 0
        serving = bisect_right(on_demand, now)
        for zone in self._zones.values():
            spot += len(zone.running)
            serving += bisect_right(zone.running, now)
            if zone.doomed:
                spot += len(zone.doomed)
                serving += sum(node.ready_at <= now < node.serves_until for node in zone.doomed)
        return serving, spot * self._pool.spot_price + len(on_demand)

    def _next_moment(self, now: float, wake: float) -> float:
        moments = [t for t in (wake, self._trace.seconds) if t > now]
        if self._row < len(self._trace.starts):
            moments.append(self._trace.starts[self._row])
        moments += [at for at in self._on_demand_refusals if at > now]
        moments += self._on_demand[(ready := bisect_right(self._on_demand, now)) : ready + 1]
        for zone in self._zones.values():
            moments += zone.running[(ready := zone.ready(now)) : ready + 1]
            moments += [known for known, _ in zone.refusals]
            for node in zone.doomed:
                ends = (node.ready_at, node.serves_until, node.dies_at)
                moments += [t for t in ends if t > now]
        return min(moments, default=now)


def _seen(zone: ZoneNodes, now: float) -> ZoneSeen:
    ready, unheard = zone.ready(now), 0
    booting = len(zone.running) - ready
    if zone.doomed and (unheard := zone.unheard()):
        looks_ready = sum(node.ready_at <= now for node in zone.doomed if not node.heard)
        ready, booting = ready + looks_ready, booting + unheard - looks_ready
    asked = sum([count for _, count in zone.refusals]) if zone.refusals else 0
    doomed = len(zone.doomed) - unheard
    last, refused, reclaimed = zone.last, zone.refused, zone.reclaimed
    now_seen = (ready, booting, asked, doomed, refused, reclaimed)
    if now_seen != (
        last.ready, last.booting, last.asked, last.doomed, last.refused, last.reclaimed,
    ):  # fmt: skip
        zone.last = last = ZoneSeen(
            ready=ready,
            booting=booting,
            asked=asked,
            doomed=doomed,
            refused=refused,
            reclaimed=reclaimed,
        )
        zone.refused = zone.reclaimed = 0
    return last
