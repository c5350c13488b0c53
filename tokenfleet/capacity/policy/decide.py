"""When a pool holds spot and when on-demand.

1. On-demand covers whatever spot that is relied upon does not, from the notice on. Where a start
   fits in what a notice leaves, another zone is asked first, one after the other, until the time
   for asking is over.
2. The zone that has been steadiest is asked first; a zone that refused rests, longer each time.
3. A zone that has just given capacity takes it back soonest. So where a loss costs serving time,
   one node of a new zone runs beside on-demand until relying on it saves more than it may cost.
   Before that as many nodes of it are relied upon as stopped ones can replace at once.
4. Where notices do not come, or on-demand refuses, a spare node insures against either.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.policy.learning import learned
from tokenfleet.capacity.policy.memory import Memory
from tokenfleet.capacity.policy.observation import Actions, Observation

STEP_SECONDS = 15.0
"""How soon to look again while something is under way."""

_LONGEST_SLEEP = 3600.0
_NOTHING: Mapping[str, int] = {}
# Losses an hour of a zone that was held for some four hours.
_STEADY = 0.25


def decide(seen: Observation, memory: Memory, knobs: Knobs) -> tuple[Actions, Memory]:
    """What one pool should hold now; pure, and safe to repeat, to skip, or to start anew."""
    known = learned(seen, memory, knobs)
    pool = _Pool.of(seen, known, knobs)
    spot = pool.spot_levels()
    on_demand = pool.on_demand_level(spot)
    actions = Actions(
        spot=spot,
        on_demand=on_demand,
        moves=pool.moves(),
        sleep_seconds=pool.sleep_seconds(spot, on_demand),
    )
    return actions, known.asking(spot) if spot else known


def _covered(
    seen: Observation, known: Memory, knobs: Knobs, trusted: AbstractSet[str]
) -> Mapping[str, int]:
    """Zones on probation, and how many of their nodes stopped ones make up for."""
    return {
        name: knobs.covered(known.zones[name].losses_per_hour(seen.now), known.warm)
        for name, zone in seen.zones.items()
        if name not in trusted and not zone.warned
    }


@dataclass(slots=True)
class _Pool:
    """One pool at one moment, judged; not frozen, because a year has a hundred thousand of them."""

    seen: Observation
    known: Memory
    knobs: Knobs
    total: int
    insured: bool
    dry: bool
    losses_allowed: float
    trusted: AbstractSet[str]
    covered: Mapping[str, int]
    levels: Mapping[str, int]
    missing: int

    @staticmethod
    def of(seen: Observation, known: Memory, knobs: Knobs) -> "_Pool":
        now = seen.now
        dry = now < known.on_demand_dry_until
        insured = known.insured(now)
        allowed = math.inf if dry else knobs.losses_allowed
        spare = max(knobs.spare, int(insured))
        total = seen.wanted + spare if seen.wanted else 0
        total = max(knobs.spot_least, min(total, knobs.spot_most))
        missing = total
        levels: dict[str, int] = {}
        trusted: set[str] = set()
        for name, zone in seen.zones.items():
            levels[name] = level = zone.ready + zone.booting + zone.asked
            missing -= level
            if dry or (
                not zone.warned
                and (allowed == math.inf or known.zones[name].losses_per_hour(now) <= allowed)
            ):
                trusted.add(name)
        on_probation = known.warm and len(trusted) < len(levels)
        covered = _covered(seen, known, knobs, trusted) if on_probation else _NOTHING
        return _Pool(
            seen, known, knobs, total, insured, dry, allowed, trusted, covered, levels, missing
        )

    def _risk(self, name: str) -> float:
        return self.known.zones[name].losses_per_hour(self.seen.now)

    def spot_levels(self) -> Mapping[str, int]:
        """The zones whose level is to change."""
        if not self.missing:
            return {}
        if self.missing > 0:
            return self._asked(self.missing)
        return dict(self._given_back(-self.missing))

    def _asked(self, missing: int) -> Mapping[str, int]:
        free = self._zones_to_ask()
        if not free:
            return {}
        spread = max(1, math.ceil(self.knobs.share * self.seen.wanted))
        probing = 0
        if len(self.trusted) < len(self.levels):
            probing = sum([1 for name, n in self.levels.items() if n and name not in self.trusted])
        # What on-demand may not hold has to be spot, trusted or not.
        forced = self.seen.wanted - self.knobs.on_demand_most - sum(self.levels.values())
        asked: dict[str, int] = {}
        # So many can be lost at once and be replaced in time.
        safe = (self.known.warm,) if 0 < self.known.warm < spread and self.knobs.warm_saves else ()
        # First spread; then rather together than nowhere.
        for most in (self.total,) if self.dry else (*safe, spread, self.total):
            for name in free:
                have = asked.get(name, self.levels[name])
                if name in self.trusted:
                    more = min(missing, most - have)
                else:
                    more = int(not have and probing < self._probes and missing > 0)
                    more = max(more, min(missing, min(most, self.covered.get(name, 0)) - have))
                    more = max(more, min(forced, missing, most - have))
                    forced -= max(0, more)
                if more <= 0:
                    continue
                asked[name] = have + more
                missing -= more
                probing += name not in self.trusted
                if self.knobs.fits and not self.dry:
                    return asked  # the answer comes before the next question
        return asked

    @property
    def _probes(self) -> int:
        return max(1, self.seen.wanted // 4)

    def _zones_to_ask(self) -> Sequence[str]:
        zones, now = self.known.zones, self.seen.now
        rested = [
            # Without on-demand each zone gets its turn: the one that refused longest ago first.
            (known.rest_until if self.dry else 0, known.held_since is None, self._risk(name), name)
            for name, zone in self.seen.zones.items()
            if (known := zones[name]).rest_until <= now and not zone.warned
        ]
        return [name for *_, name in sorted(rested)]

    def _given_back(self, surplus: int) -> Iterator[tuple[str, int]]:
        """The least steady zones first."""
        for name in sorted(self.levels, key=lambda name: (-self._risk(name), name)):
            fewer = min(surplus, self.levels[name])
            if fewer > 0:
                surplus -= fewer
                yield name, self.levels[name] - fewer

    def on_demand_level(self, spot: Mapping[str, int]) -> int:
        """What trusted spot does not cover, of the nodes that it keeps."""
        seen = self.seen
        wanted = seen.wanted
        have = seen.on_demand.ready + seen.on_demand.booting
        ready = held = coming = 0
        for name in self.trusted:
            zone = seen.zones[name]
            here = zone.ready + zone.booting
            if name in spot:
                level = spot[name]
                ready += min(zone.ready, level)
                held += min(here, level)
                coming += max(0, level - here)
            else:
                ready += zone.ready
                held += here
                coming += zone.asked
        for name, bound in self.covered.items():
            zone = seen.zones[name]
            here = min(bound, zone.ready + zone.booting)
            level = min(bound, spot.get(name, here + zone.asked))
            ready += min(zone.ready, level)
            held += min(here, level)
            coming += max(0, level - here)
        most = max(self.total, wanted) if self.insured and self._insures_on_demand else wanted
        level = most - ready
        if self.knobs.fits:
            sure = held + coming if coming and self._time_to_ask else held
            level = max(most - sure, min(have, level))
        if self.dry:  # what is given back now cannot be had again
            level = max(level, min(have, wanted))
        level = max(self.knobs.on_demand_least, min(level, wanted, self.knobs.on_demand_most))
        return max(0, level)

    @property
    def _insures_on_demand(self) -> bool:
        """Whether the spare, if any, has to be on demand where spot gives none."""
        held = (name for name, zone in self.seen.zones.items() if zone.held)
        return self.knobs.fits and any(self._risk(name) > _STEADY for name in held)

    @property
    def _time_to_ask(self) -> bool:
        """Whether a node asked for after the next answer would still come in time."""
        latest = self.known.doomed_until - self.knobs.boot
        return self.seen.now + self.knobs.answer <= latest

    def moves(self) -> Sequence[str]:
        """Which models return: the largest first, whom a loss hurts least."""
        models = self.seen.models
        if not models:
            return ()
        zones = self.seen.zones
        ready = sum(zones[name].ready for name in self.trusted)
        ready += sum(min(bound, zones[name].ready) for name, bound in self.covered.items())
        on_spot = sum(max(0, model.wanted - model.on_demand) for model in models.values())
        candidates = sorted(
            (name for name, model in models.items() if model.on_demand and not model.busy),
            key=lambda name: (-models[name].wanted, name),
        )
        return candidates[: max(0, ready - on_spot)]

    def sleep_seconds(self, spot: Mapping[str, int], on_demand: int) -> float:
        """Until the next thing that time alone brings about."""
        now, od = self.seen.now, self.seen.on_demand
        if spot or on_demand != od.ready + od.booting:
            return STEP_SECONDS
        for zone in self.seen.zones.values():
            if zone.asked:
                return STEP_SECONDS
        known = self.known
        moments = [known.doomed_until - self.knobs.boot, known.on_demand_dry_until]
        if known.warm_short_since is not None:
            moments.append(known.warm_short_since + self.knobs.refill)
        soonest = math.inf
        for name in self.seen.zones:
            zone = known.zones[name]
            if now < zone.rest_until < soonest:
                soonest = zone.rest_until
            if zone.held_since is not None and name not in self.trusted:
                moments.append(zone.held_since + 3600 * zone.hours_until(self.losses_allowed))
        for moment in moments:
            if now < moment < soonest:
                soonest = moment
        return max(STEP_SECONDS, (_LONGEST_SLEEP if soonest == math.inf else soonest - now))
