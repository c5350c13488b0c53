"""How a replay went."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Seconds, of them with all that was wanted, and two sums over them.

    ``served``: replicas that served, at most those wanted. ``paid``: on-demand nodes' worth.
    """

    seconds: float = 0.0
    whole: float = 0.0
    served: float = 0.0
    paid: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a policy made of a trace; ``days`` are its parts."""

    wanted: int
    days: Sequence[Stretch]
    reclaims: int
    launches: int

    @property
    def availability(self) -> float:
        """The share of time with all replicas wanted."""
        return sum(day.whole for day in self.days) / self._seconds

    @property
    def served(self) -> float:
        """The share of wanted replica-hours that were served."""
        return sum(day.served for day in self.days) / self._seconds / self.wanted

    @property
    def cost(self) -> float:
        """Of what as many on-demand nodes cost."""
        return sum(day.paid for day in self.days) / self._seconds / self.wanted

    @property
    def _seconds(self) -> float:
        return sum(day.seconds for day in self.days)
