"""Spot capacity over time: how many nodes each zone would have given, unseen by those who ask."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CapacityTrace:
    """``capacities[i]``, nodes by zone, hold from second ``starts[i]`` to the next start."""

    name: str
    zones: Sequence[str]
    starts: Sequence[int]
    capacities: Sequence[Sequence[int]]
    seconds: int

    @property
    def largest(self) -> int:
        """The most that one zone ever had."""
        return max((max(row, default=0) for row in self.capacities), default=0)

    def for_nodes(self, wanted: int) -> "CapacityTrace":
        """The same, times what lets one zone give that many: recorded was what few nodes saw."""
        factor = max(1, wanted // max(1, self.largest))
        return CapacityTrace(
            name=self.name,
            zones=self.zones,
            starts=self.starts,
            capacities=[[nodes * factor for nodes in row] for row in self.capacities],
            seconds=self.seconds,
        )

    def repeated(self, seconds: int) -> "CapacityTrace":
        """The same over and over, until that many seconds are filled."""
        starts: list[int] = []
        capacities: list[Sequence[int]] = []
        for offset in range(0, seconds, self.seconds):
            for start, row in zip(self.starts, self.capacities, strict=True):
                if offset + start < seconds:
                    starts.append(offset + start)
                    capacities.append(row)
        return CapacityTrace(
            name=self.name,
            zones=self.zones,
            starts=starts,
            capacities=capacities,
            seconds=seconds,
        )

    def floor(self, wanted: int, spot_price: float) -> float:
        """The least cost of all on-demand's: spot whenever there is some, no start, no mistake."""
        ends = [*self.starts[1:], self.seconds]
        spot = sum(
            min(wanted, sum(row)) * (end - start)
            for start, end, row in zip(self.starts, ends, self.capacities, strict=True)
        )
        return 1 - (1 - spot_price) * spot / wanted / self.seconds
