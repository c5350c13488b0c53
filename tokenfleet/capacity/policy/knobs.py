"""What a policy is set to: times that follow from the plan, and two choices for people."""

import math
from dataclasses import dataclass
from functools import cached_property

UNBOUNDED = 1_000_000
"""Nodes of a tier that nothing limits."""

WORTH = 30.0
"""What an hour without a wanted replica is worth at care 1, in hours of an on-demand node."""

# Of a start: a stopped node is replaced by one that starts, fetches, and is stopped.
_REFILL = 2.0
# A start of three minutes, of which the notice covers all but this.
_USUAL_GAP = 75.0


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """Times in seconds.

    ``boot``: from a launch to a replica that serves (the cold-start budget). ``warm_boot``: the same
    from the start of a node that waits stopped.
    ``serves``: how long a replica still serves after a notice (the notice less the drain).
    ``reaction``: from a notice to a launch. ``answer``: until a refusal is known.
    ``care``: 0 trusts all spot at once; 1 trusts it when what its loss may cost is less than it
    saves; 2 counts that twice. ``spare``: spot nodes beyond what is wanted.
    ``spot_price``: of an on-demand node's. ``share``: of the nodes that one zone gets while
    another has room. ``rest``, ``longest_rest``: before a zone that refused is asked again.
    ``spot_least`` to ``on_demand_most``: the bounds of the tiers, in nodes.
    """

    boot: float
    warm_boot: float = math.inf
    serves: float = 120.0
    reaction: float = 15.0
    answer: float = 15.0
    care: float = 1.0
    spare: int = 0
    spot_price: float = 0.3
    share: float = 2 / 3
    rest: float = 60.0
    longest_rest: float = 120.0
    spot_least: int = 0
    spot_most: int = UNBOUNDED
    on_demand_least: int = 0
    on_demand_most: int = UNBOUNDED

    @cached_property
    def gap(self) -> float:
        """Seconds without a replica whose notice was heard, until on-demand replaced it."""
        return max(0.0, self.boot + self.reaction - self.serves)

    @cached_property
    def fits(self) -> bool:
        """Whether a start is over before such a replica stops."""
        return self.gap == 0

    @cached_property
    def warm_saves(self) -> float:
        """Of what such a loss costs, the share that a node which waited stopped takes away.

        By the root of the seconds, as ``losses_allowed`` has it.
        """
        if self.fits:
            return 0.0
        warm_gap = max(0.0, min(self.boot, self.warm_boot) + self.reaction - self.serves)
        return 1 - math.sqrt(warm_gap / self.gap)

    @property
    def refill(self) -> float:
        """Seconds after which a stopped node that was drawn should have been replaced."""
        return _REFILL * self.boot

    @cached_property
    def losses_allowed(self) -> float:
        """Losses an hour up to which relying on a zone saves more than it may cost.

        What notices miss, the spare is for. An hour is worth less where losses are long anyway,
        by the root: otherwise a slow start would hardly ever use spot.
        """
        hours = math.sqrt(self.gap * _USUAL_GAP) / 3600
        cost = self.care * WORTH * hours
        return (1 - self.spot_price) / cost if cost else math.inf

    def covered(self, losses_per_hour: float, warm: int) -> int:
        """How many nodes of a zone that is lost more often than allowed may be relied upon.

        As many as ``warm`` stopped ones can all replace at once, if their loss then costs no more
        than that of a zone which is lost as often as allowed.
        """
        return warm if losses_per_hour * (1 - self.warm_saves) <= self.losses_allowed else 0
