"""What a replica takes in, and how long it is in coming: what a rule for their number has to live with."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class Replica:
    """One server of the played fleet; times in seconds.

    ``seconds`` is how long a mean answer takes while one, two, ... requests run: as many as there
    are slots. ``queue`` more wait; one that waited longer than ``slack_seconds`` misses the
    objective. ``start_seconds`` pass from the decision for one more to its first request.
    """

    seconds: Sequence[float]
    queue: int
    slack_seconds: float
    start_seconds: float

    @property
    def slots(self) -> int:
        """How many requests run at once."""
        return len(self.seconds)

    @property
    def answer_seconds(self) -> float:
        """How long a mean answer takes with all slots in use."""
        return self.seconds[-1]

    @cached_property
    def speeds(self) -> Sequence[float]:
        """How much faster than with all slots in use answers come while so many run, from none on."""
        return [self.answer_seconds / each for each in (self.seconds[0], *self.seconds)]

    def seconds_at(self, running: float) -> float:
        """How long a mean answer takes while so many run, at least one and at most all."""
        place = min(self.slots, max(1, round(running)))
        return self.seconds[place - 1]
