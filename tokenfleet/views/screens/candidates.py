"""Instance types for one model side by side on a terminal, and what their differences buy."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text

from tokenfleet.plan.candidates import Candidate
from tokenfleet.plan.nodes.disks import DiskPlan
from tokenfleet.plan.start.fetches import nat_gb
from tokenfleet.views.drawing.charts.cold_start_bar import (
    axis_seconds,
    caveat,
    cold_start_bars,
    legend,
    letter_seconds,
    longest_stage,
)
from tokenfleet.views.money import usd
from tokenfleet.views.screens.cold_starts import colored, room_for_letters
from tokenfleet.views.screens.fitted import Fitted
from tokenfleet.views.starting import seconds_text
from tokenfleet.views.tables.table import Column

# What stands beside a bar: the name of a type and a gap.
_BESIDE_A_BAR = 16
# What stands beside the columns of types: the names of the stages.
_BESIDE_TYPES, _GAP = 18, 2
_EXPECTED = 1
_READY = "ready"


def compared(
    candidates: Sequence[Candidate],
    usd_by_type: Mapping[str, float | None],
    *,
    prices: str,
    width: int,
) -> Group:
    """Every stage with its range, a bar each, and what local disks and artifacts save.

    ``usd_by_type`` is an hour on demand, volumes included; ``prices`` says where and of when.
    """
    bars = {row.instance_type: cold_start_bars(row.start)[_EXPECTED] for row in candidates}
    room = room_for_letters(width, _BESIDE_A_BAR)
    step = letter_seconds(axis_seconds(bars.values()), room)
    drawn = Table.grid(padding=(0, 2, 0, 0))
    for row in candidates:
        drawn.add_row(row.instance_type, colored(bars[row.instance_type], step, room))
        drawn.add_row("", f"longest: {longest_stage(row.start)}")
    return Group(
        *_stages(candidates, usd_by_type, width),
        f"Expected (at best to at worst). {prices}",
        "",
        drawn,
        "",
        *_ways(candidates),
        "",
        *_local_disks(candidates, usd_by_type),
        Text(f"{legend(step)} {caveat()}", "dim"),
    )


def _stages(
    candidates: Sequence[Candidate], usd_by_type: Mapping[str, float | None], width: int
) -> Iterator[Fitted | str]:
    """One column a type, as many side by side as have room."""
    columns = [_column(row, usd_by_type[row.instance_type]) for row in candidates]
    room = width - _BESIDE_TYPES
    while columns:
        widths = [max(cell_len(str(cell)) for cell in column) + _GAP for column in columns]
        many = max(1, sum(together <= room for together in accumulate(widths)))
        shown, columns = columns[:many], columns[many:]
        screen = Fitted(
            title="",
            columns=[Column(""), *(Column(str(column[0]), number=True) for column in shown)],
        )
        for title, *cells in list(zip(_titles(candidates), *shown, strict=True))[1:]:
            screen.row(title, *cells, style="bold" if title == _READY else "")
        yield screen
        if columns:
            yield ""


def _titles(candidates: Sequence[Candidate]) -> Sequence[str]:
    stages = candidates[0].start.stages
    return ["", "cache of a node", *stages, _READY, "in the spot notice", "through NAT", "an hour"]


def _column(row: Candidate, usd_per_hour: float | None) -> Sequence[Text | str]:
    met = row.start.notice_met
    return [
        row.instance_type,
        _cache(row.disks),
        *(seconds_text(stage.seconds) for stage in row.start.stages.values()),
        seconds_text(row.start.until_ready),
        Text(met, "green" if met in {"always", "expected"} else "red"),
        f"{nat_gb(row.start.fetches).expected:.1f} GB",
        usd(usd_per_hour),
    ]


def _cache(disks: DiskPlan) -> str:
    if disks.cache is None:
        return disks.cache_line()
    return f"gp3, {disks.cache.throughput_mib_per_second:,} MiB/s"


def _local_disks(
    candidates: Sequence[Candidate], usd_by_type: Mapping[str, float | None]
) -> Iterator[str]:
    """What local disks buy, where the same type without them stands beside."""
    rows = {row.instance_type: row for row in candidates}
    for name, local in rows.items():
        family, _, size = name.partition(".")
        volume = rows.get(f"{family.removesuffix('d')}.{size}")
        if volume is None or volume is local or not local.disks.local:
            continue
        gain = volume.start.until_ready.expected - local.start.until_ready.expected
        with_disks, without = usd_by_type[name], usd_by_type[volume.instance_type]
        price = (
            f", for {_difference(with_disks - without)}"
            if with_disks is not None and without is not None
            else ""
        )
        yield (
            f"What local disks buy ({name} beside {volume.instance_type}): weights in"
            f" {local.start.weights.seconds.expected:,.0f} s, not"
            f" {volume.start.weights.seconds.expected:,.0f}; ready {abs(gain):,.0f} s"
            f" {'sooner' if gain >= 0 else 'later, because they are set up first'}{price}."
        )


def _difference(usd_per_hour: float) -> str:
    return f"{usd(abs(usd_per_hour))} {'more' if usd_per_hour >= 0 else 'less'} an hour"


def _ways(candidates: Sequence[Candidate]) -> Iterator[Fitted]:
    """How soon each type is ready in each way to start, and what a stopped node costs a month."""
    screen = Fitted(
        title="Ways to start: ready in",
        columns=[Column(""), *(Column(row.instance_type, number=True) for row in candidates)],
    )
    for title, starts in (
        ("image pulled, compiles", [row.uncompiled for row in candidates]),
        ("image pulled", [row.start for row in candidates]),
        ("image baked", [row.baked for row in candidates]),
        ("waits stopped", [row.warm for row in candidates]),
    ):
        screen.row(title, *(seconds_text(s.until_ready) if s else "local disks" for s in starts))
    yield screen
