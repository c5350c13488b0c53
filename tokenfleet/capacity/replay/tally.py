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
    spot: float = 0.0
    on_demand: float = 0.0


class Tally:
    """From one second to another; what is told of the rest does not count."""

    def __init__(self, wanted: int, *, first: float, last: float) -> None:
        self._wanted = wanted
        self._counted, self._last = first, last
        self._days: list[_Sums] = []
        self._midnight = 0.0

    def add(self, end: float, serving: int, spot: int, on_demand: int) -> None:
        """Nothing changed from where the last one ended to ``end``."""
        wanted, start = self._wanted, self._counted
        end = min(end, self._last)
        while start < end:
            if start >= self._midnight:
                self._days.append(_Sums())
                self._midnight = (start // DAY + 1) * DAY
            until = min(self._midnight, end)
            seconds, sums = until - start, self._days[-1]
            sums.seconds += seconds
            if serving >= wanted:
                sums.whole += seconds
                sums.served += seconds * wanted
            else:
                sums.served += seconds * serving
            sums.spot += seconds * spot
            sums.on_demand += seconds * on_demand
            self._counted = start = until

    def days(self) -> Sequence[Stretch]:
        """What was counted, in order."""
        return [
            Stretch(
                seconds=day.seconds,
                whole=day.whole,
                served=day.served,
                spot=day.spot,
                on_demand=day.on_demand,
            )
            for day in self._days
        ]
