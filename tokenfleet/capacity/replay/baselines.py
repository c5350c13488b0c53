"""What else a pool could do: policies that others run or published, to be compared with."""

import math
from collections.abc import Callable, Mapping

from tokenfleet.capacity.policy.observation import Observation
from tokenfleet.capacity.replay.player import NEVER, Player, Wish

_BACK_OFF = 600.0
_NOTICED = 60.0
_ASKED_AGAIN = 300.0


def _ready(seen: Observation) -> int:
    return sum([zone.ready for zone in seen.zones.values()])


def _held(seen: Observation) -> int:
    return sum([zone.ready + zone.booting for zone in seen.zones.values()])


def _on_demand(seen: Observation) -> int:
    return seen.on_demand.ready + seen.on_demand.booting


class AllOnDemand:
    """No spot at all."""

    def step(self, seen: Observation) -> Wish:
        """As many as wanted."""
        return Wish(on_demand=seen.wanted)


class Ratio:
    """A group with a fixed ratio: four fifths spot, a fifth more nodes than wanted (blog posts)."""

    def __init__(self) -> None:
        self._again_at = 0.0

    def step(self, seen: Observation) -> Wish:
        """The same levels whatever happens, spread evenly; what was refused is asked for again."""
        total = math.ceil(1.2 * seen.wanted)
        on_demand = math.ceil(0.2 * total)
        if seen.now < self._again_at:
            return Wish(on_demand=on_demand, sleep_seconds=self._again_at - seen.now)
        self._again_at = seen.now + _ASKED_AGAIN
        each, more = divmod(total - on_demand, len(seen.zones))
        spot = {name: each + (number < more) for number, name in enumerate(seen.zones)}
        return Wish(on_demand=on_demand, spot=spot, sleep_seconds=_ASKED_AGAIN)


class PlainAutoscaler:
    """Two groups and the Cluster Autoscaler: a pod that is pending brings a node, none returns.

    It sees a lost node when that is gone, gives spot a minute, and leaves a group that refused
    alone for a while.
    """

    def __init__(self) -> None:
        self._missing_since: float | None = None
        self._refused_at = -NEVER

    def step(self, seen: Observation) -> Wish:
        """Spot where it last gave some, else on demand."""
        now, on_demand = seen.now, _on_demand(seen)
        if any(zone.refused for zone in seen.zones.values()):
            self._refused_at = now
        doomed = sum(zone.doomed for zone in seen.zones.values())
        missing = seen.wanted - _held(seen) - on_demand - doomed
        if missing <= 0:
            self._missing_since = None
            return Wish(on_demand=on_demand)
        since = now if self._missing_since is None else self._missing_since
        self._missing_since = since
        if now - self._refused_at > _BACK_OFF:
            return Wish(on_demand=on_demand, fleet=_held(seen) + missing, sleep_seconds=_NOTICED)
        if now - since < _NOTICED:
            return Wish(on_demand=on_demand, sleep_seconds=since + _NOTICED - now)
        return Wish(on_demand=on_demand + missing)


class MakeBeforeBreak:
    """On-demand for what spot has not promised, kept until spot serves."""

    def step(self, seen: Observation) -> Wish:
        """Asks for spot all the time."""
        need = max(0, seen.wanted - _held(seen))
        keep = max(0, seen.wanted - _ready(seen))
        return Wish(on_demand=max(need, min(_on_demand(seen), keep)), fleet=seen.wanted)


class Hedge:
    """One node more than wanted at all times, spot first."""

    def step(self, seen: Observation) -> Wish:
        """On-demand for all that is not ready on spot."""
        total = seen.wanted + 1
        return Wish(on_demand=min(seen.wanted, max(0, total - _ready(seen))), fleet=total)


class SpotHedge:
    """Two nodes more than wanted, in zones that did not fail last (SkyServe, EuroSys 2025)."""

    extra = 2

    def __init__(self) -> None:
        self._failed: set[str] = set()

    def step(self, seen: Observation) -> Wish:
        """Zones that failed are left alone until fewer than two are left."""
        zones = seen.zones
        levels = {name: zone.ready + zone.booting + zone.asked for name, zone in zones.items()}
        for name, zone in zones.items():
            if zone.refused or zone.reclaimed:
                self._failed.add(name)
        if len(zones) - len(self._failed) < min(2, len(zones)):
            self._failed.clear()
        total = seen.wanted + self.extra
        active = [name for name in zones if name not in self._failed]
        for _ in range(total - sum(levels.values())):
            levels[min(active, key=levels.__getitem__)] += 1
        on_demand = min(seen.wanted, max(0, total - _ready(seen)))
        return Wish(on_demand=on_demand, spot=levels)


BASELINES: Mapping[str, Callable[[], Player]] = {
    "all on-demand": AllOnDemand,
    "plain autoscaler": PlainAutoscaler,
    "80 % spot, 20 % more": Ratio,
    "SpotHedge": SpotHedge,
    "make-before-break": MakeBeforeBreak,
    "hedge N+1": Hedge,
}
"""By the name they are shown under."""
