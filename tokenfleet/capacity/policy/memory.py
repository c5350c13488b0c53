"""What a policy remembers of the zones: losing it costs time on probation, nothing else.

Never changed once it is made. It is not frozen, as a year makes hundreds of thousands: a fifth of a replay's time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Time from taking capacity to losing it, over all zones of public traces: Lomax, a mixture of
# zones that are steady and zones that are not. Bayes does the rest: each hour held speaks for
# the zone, each loss against it.
_LOSSES, _HOURS = 1.1, 0.7
# So many losses with a notice are taken for granted until others were counted.
_NOTICES_TRUSTED = 10.0
_UNRELIABLE = 0.05
_ON_DEMAND_SCARCE = 86400.0


@dataclass(kw_only=True, slots=True)
class ZoneMemory:
    """Of one zone: what was held when last seen, since when, and what earlier spells say."""

    held: int = 0
    held_since: float | None = None
    losses: float = 0.0
    hours: float = 0.0
    rest_until: float = 0.0
    refusals: int = 0

    def losses_per_hour(self, now: float) -> float:
        """How often such a zone takes back what it gave."""
        held = 0.0 if self.held_since is None else max(0.0, now - self.held_since) / 3600
        return (_LOSSES + self.losses) / (_HOURS + self.hours + held)

    def hours_until(self, losses_per_hour: float) -> float:
        """How long it has to be held, from nothing, until it is as steady as that."""
        return (_LOSSES + self.losses) / losses_per_hour - _HOURS - self.hours


@dataclass(kw_only=True, slots=True)
class Memory:
    """Of one pool.

    ``levels`` were asked for last. ``doomed_until``: when the last reclaimed replica stops serving. ``announced`` and
    ``unannounced`` count losses with and without a notice, older ones less. ``warm``: stopped nodes
    that may be relied upon, with fewer there ``warm_short_since``.
    """

    zones: Mapping[str, ZoneMemory] = field(default_factory=dict[str, ZoneMemory])
    levels: Mapping[str, int] = field(default_factory=dict[str, int])
    seen_at: float | None = None
    doomed_until: float = 0.0
    on_demand_dry_until: float = 0.0
    on_demand_refused_at: float | None = None
    announced: float = 0.0
    unannounced: float = 0.0
    warm: int = 0
    warm_short_since: float | None = None

    def asking(self, levels: Mapping[str, int]) -> "Memory":
        """The same with those levels; what ``dataclasses.replace`` does, which is ten times slower."""
        return Memory(
            zones=self.zones,
            levels=levels,
            seen_at=self.seen_at,
            doomed_until=self.doomed_until,
            on_demand_dry_until=self.on_demand_dry_until,
            on_demand_refused_at=self.on_demand_refused_at,
            announced=self.announced,
            unannounced=self.unannounced,
            warm=self.warm,
            warm_short_since=self.warm_short_since,
        )

    @property
    def unheard_share(self) -> float:
        """Of losses, those that no notice announces."""
        return self.unannounced / (self.unannounced + self.announced + _NOTICES_TRUSTED)

    def insured(self, now: float) -> bool:
        """Whether something failed that falling back relies upon: notices, or on-demand."""
        refused = self.on_demand_refused_at
        scarce = refused is not None and now - refused < _ON_DEMAND_SCARCE
        return scarce or (self.unannounced > 0 and self.unheard_share > _UNRELIABLE)
