"""The nodes of a replay: who runs where, since when ready, until when."""

from bisect import bisect_right
from dataclasses import dataclass, field

from tokenfleet.capacity.policy.observation import ZoneSeen


@dataclass(slots=True)
class Doomed:
    """A reclaimed node, which serves for a while yet; the policy was told of it, or not."""

    ready_at: float
    serves_until: float
    dies_at: float
    heard: bool


@dataclass(slots=True)
class ZoneNodes:
    """Spot nodes of one zone; ``running`` holds when each gets ready, oldest first."""

    running: list[float] = field(default_factory=list[float])
    doomed: list[Doomed] = field(default_factory=list[Doomed])
    refusals: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    refused: int = 0
    reclaimed: int = 0
    last: ZoneSeen = field(default_factory=ZoneSeen)
    """What was seen of it last."""

    def ready(self, now: float) -> int:
        """Nodes that serve and were not reclaimed."""
        return bisect_right(self.running, now)

    def unheard(self) -> int:
        """Doomed nodes that look like any other."""
        return sum(not node.heard for node in self.doomed)
