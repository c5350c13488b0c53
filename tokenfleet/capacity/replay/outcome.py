"""How a replay went."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Seconds, of them with all that was wanted, and three sums over them.

    ``served``: replicas that served, at most those wanted. ``spot`` and ``on_demand``: nodes paid.
    """

    seconds: float = 0.0
    whole: float = 0.0
    served: float = 0.0
    spot: float = 0.0
    on_demand: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a policy made of a trace; ``days`` are its parts, ``spot_price`` of an on-demand node's."""

    wanted: int
    spot_price: float
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
        paid = sum(day.spot * self.spot_price + day.on_demand for day in self.days)
        return paid / self._seconds / self.wanted

    @property
    def _seconds(self) -> float:
        return sum(day.seconds for day in self.days)
