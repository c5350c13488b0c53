"""Recorded capacity from a file: ``{"gap_seconds": s, "zones": {zone: [[nodes, ticks], ...]}}``."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, NonNegativeInt, PositiveInt, ValidationError

from tokenfleet.capacity.traces.trace import CapacityTrace
from tokenfleet.given_file import GENERATED_BYTES, GivenFileError, given_text


class _Recorded(BaseModel):
    gap_seconds: PositiveInt
    zones: dict[str, list[tuple[NonNegativeInt, PositiveInt]]]


def read_trace(path: Path) -> CapacityTrace:
    """The trace of a file, named after it.

    Raises:
        FileNotFoundError: when there is none.
        GivenFileError: when it is no such trace; says what is wrong.
    """
    try:
        recorded = _Recorded.model_validate_json(given_text(path, GENERATED_BYTES))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        msg = f"is no trace of capacity: {where or 'the file'}: {first['msg']}"
        raise GivenFileError(msg) from error
    lengths = {sum(ticks for _, ticks in runs) for runs in recorded.zones.values()}
    if len(lengths) != 1 or 0 in lengths:
        msg = "is no trace of capacity: its zones differ in length, or it has none"
        raise GivenFileError(msg)
    return _trace(path.stem, recorded, lengths.pop())


def _trace(name: str, recorded: _Recorded, ticks: int) -> CapacityTrace:
    by_tick: dict[int, dict[int, int]] = {}
    for zone, runs in enumerate(recorded.zones.values()):
        tick = 0
        for nodes, length in runs:
            by_tick.setdefault(tick, {})[zone] = nodes
            tick += length
    row = [0] * len(recorded.zones)
    starts: list[int] = []
    capacities: list[Sequence[int]] = []
    for tick in sorted(by_tick):
        for zone, nodes in by_tick[tick].items():
            row[zone] = nodes
        starts.append(tick * recorded.gap_seconds)
        capacities.append(tuple(row))
    return CapacityTrace(
        name=name,
        zones=tuple(recorded.zones),
        starts=starts,
        capacities=capacities,
        seconds=ticks * recorded.gap_seconds,
    )


def written_trace(trace: CapacityTrace, gap_seconds: int) -> str:
    """The trace as the text of such a file; every start has to fall on a multiple of the gap."""
    ends = [*trace.starts[1:], trace.seconds]
    zones = {
        name: [
            [row[number], (end - start) // gap_seconds]
            for start, end, row in zip(trace.starts, ends, trace.capacities, strict=True)
        ]
        for number, name in enumerate(trace.zones)
    }
    return json.dumps({"gap_seconds": gap_seconds, "zones": zones})
