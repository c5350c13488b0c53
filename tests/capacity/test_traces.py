"""Capacity over time, recorded or drawn."""

import math
from pathlib import Path
from statistics import mean

import pytest

from tokenfleet.capacity.traces.generated import UP_HOURS, UP_SHAPE, generated_trace
from tokenfleet.capacity.traces.trace import CapacityTrace
from tokenfleet.capacity.traces.trace_file import read_trace, written_trace
from tokenfleet.given_file import GivenFileError

YEAR = 365 * 86400


def test_a_file_says_what_each_zone_had_and_when(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('{"gap_seconds": 60, "zones": {"a": [[1, 2], [0, 1]], "b": [[3, 3]]}}')
    assert read_trace(file) == CapacityTrace(
        name="mine", zones=("a", "b"), starts=[0, 120], capacities=[(1, 3), (0, 3)], seconds=180
    )


def test_a_drawn_trace_is_the_same_after_it_was_written_and_read(tmp_path: Path) -> None:
    drawn = generated_trace(1, zones=["a", "b"], nodes=2, seconds=10 * 86400)
    file = tmp_path / f"{drawn.name}.json"
    file.write_text(written_trace(drawn, 60))
    read = read_trace(file)
    assert (read.floor(2, 0.3), read.seconds) == (drawn.floor(2, 0.3), drawn.seconds)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "no trace"),
        ('{"gap_seconds": 0, "zones": {"a": [[1, 1]]}}', "gap_seconds"),
        ('{"gap_seconds": 60, "zones": {}}', "has none"),
        ('{"gap_seconds": 60, "zones": {"a": [[1, 1]], "b": [[1, 2]]}}', "differ in length"),
        ('{"gap_seconds": 60, "zones": {"a": [[-1, 1]]}}', "zones.a.0.0"),
    ],
)
def test_what_is_no_trace_is_refused_with_the_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "mine.json"
    file.write_text(text)
    with pytest.raises(GivenFileError, match=reason):
        read_trace(file)


@pytest.mark.parametrize(
    ("largest", "wanted", "factor"), [(1, 1, 1), (1, 16, 16), (4, 2, 1), (4, 16, 4), (16, 16, 1)]
)
def test_capacity_seen_by_few_nodes_is_scaled_to_many(
    largest: int, wanted: int, factor: int
) -> None:
    trace = CapacityTrace(
        name="", zones=["a"], starts=[0, 60], capacities=[[largest], [0]], seconds=120
    )
    assert trace.for_nodes(wanted).capacities == [[largest * factor], [0]]


def test_the_floor_is_spot_while_there_is_some_and_on_demand_else() -> None:
    trace = CapacityTrace(
        name="", zones=["a", "b"], starts=[0, 60], capacities=[[1, 1], [4, 0]], seconds=120
    )
    assert trace.floor(4, 0.3) == pytest.approx((0.5 + 0.5 * 0.3) / 2 + 0.3 / 2)


def test_spells_with_capacity_are_drawn_as_public_traces_have_them() -> None:
    trace = generated_trace(1, zones=["a"], nodes=1, seconds=5 * YEAR)
    ends = [*trace.starts[1:], trace.seconds]
    rows = zip(trace.starts, ends, trace.capacities, strict=True)
    spells = [end - start for start, end, (nodes,) in rows if nodes]
    assert mean(spells) / 3600 == pytest.approx(UP_HOURS * math.gamma(1 + 1 / UP_SHAPE), rel=0.1)


def test_some_losses_come_together() -> None:
    def together(shared: float) -> int:
        trace = generated_trace(
            1, zones=["a", "b", "c"], nodes=1, seconds=YEAR, shared_losses=shared
        )
        pairs = zip(trace.capacities, trace.capacities[1:], strict=False)
        losses = [sum(b < a for a, b in zip(*pair, strict=True)) for pair in pairs]
        return sum(lost > 1 for lost in losses)

    assert together(0.5) > 3 * together(0)
