"""The count that is kept of a replay, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.capacity.replay.outcome import Stretch

DAY = 86400


@dataclass(slots=True)
class _Sums:
    seconds: float = 0.0
    whole: float = 0.0
    served: float = 0.0
    paid: float = 0.0


class Tally:
    """Seconds from ``counted_from`` on."""

    def __init__(self, wanted: int, *, counted_from: float) -> None:
        self._wanted = wanted
        self._from = counted_from
        self._days: dict[int, _Sums] = {}

    def add(self, start: float, end: float, serving: int, paid: float) -> None:
        """Nothing changed from ``start`` to ``end``."""
        start = max(start, self._from)
        while start < end:
            day = int(start // DAY)
            until = min(end, (day + 1) * DAY)
            seconds = until - start
            sums = self._days.setdefault(day, _Sums())
            sums.seconds += seconds
            sums.whole += seconds * (serving >= self._wanted)
            sums.served += seconds * min(serving, self._wanted)
            sums.paid += seconds * paid
            start = until

    def days(self) -> Sequence[Stretch]:
        """What was counted, in order."""
        return [
            Stretch(seconds=day.seconds, whole=day.whole, served=day.served, paid=day.paid)
            for day in self._days.values()
        ]
