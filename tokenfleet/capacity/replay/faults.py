"""What else goes wrong while capacity comes and goes."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Windows:
    """``seconds`` long, once ``every`` so many seconds, at the end of each period."""

    seconds: float
    every: float

    def hold(self, now: float) -> bool:
        """Whether one is on."""
        return now % self.every >= self.every - self.seconds

    def end(self, now: float) -> float:
        """When the one that is on is over."""
        return now - now % self.every + self.every


@dataclass(frozen=True, kw_only=True)
class Faults:
    """``notices_lost`` and ``calls_failed`` are shares; a failed call does nothing and says nothing.

    ``blind``: the policy does not run. ``on_demand_out``: on-demand refuses.
    """

    notices_lost: float = 0.0
    calls_failed: float = 0.0
    blind: Windows | None = None
    on_demand_out: Windows | None = None
    seed: int = 1

    def dice(self) -> random.Random:
        """What the shares are drawn with."""
        return random.Random(self.seed)  # noqa: S311 - weather, not secrets


NO_FAULTS = Faults()
