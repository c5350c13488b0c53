"""The architecture of a stack as one drawing, computed from the plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.counted import count
from tokenfleet.preview.report import Report
from tokenfleet.views.drawing.architecture.drawn import DrawnStack, drawn_of
from tokenfleet.views.drawing.architecture.endpoints import endpoints_card
from tokenfleet.views.drawing.architecture.marks import (
    UNMARKED,
    Marks,
    Part,
    framed_box,
    marked_paragraphs,
)
from tokenfleet.views.drawing.architecture.pool_cards import pool_cards
from tokenfleet.views.drawing.architecture.pool_row import pool_row
from tokenfleet.views.drawing.architecture.ways_in import (
    CONTROL,
    REQUESTS,
    WEIGHTS,
    Entry,
    cards,
    entries,
    middles,
)
from tokenfleet.views.drawing.architecture.zone_columns import private_strips, zone_heads
from tokenfleet.views.drawing.shapes import Block, Box, Line, Shape, Text, paragraphs, svg
from tokenfleet.views.story import fleet_of, month_of

WIDTH = 1200.0
_MARGIN = 24.0
_GAP = 12.0
# Between the frame of the VPC and the zones: requests run down on the left, weights on the right.
_RAIL = 34.0
# Of the rows in the private subnets, so that these show on both sides.
_INSET = 10.0
_INK, _QUIET = "#0f172a", "#475569"


def architecture_svg(report: Report) -> str:
    """The drawing as SVG: nothing is loaded, and the same report gives the same text."""
    return wide_drawing(drawn_of(report), UNMARKED, _summary(report))


def wide_drawing(stack: DrawnStack, marks: Marks, summary: str) -> str:
    """The drawing as SVG for a screen or a sheet, with its summary below its name."""
    name = stack.plan.name
    texts = [
        Text(text=name, size=22, colour=_INK, bold=True),
        Text(text=summary, size=13),
    ]
    head = paragraphs(texts, _MARGIN, _MARGIN - 6, WIDTH - 2 * _MARGIN)
    region = _region(stack, marks, _MARGIN, head.bottom + _GAP, WIDTH - 2 * _MARGIN)
    shapes = [*head.shapes, *region.shapes]
    return svg(shapes, WIDTH, region.bottom + _MARGIN, f"Architecture of {name}", summary)


def _summary(report: Report) -> str:
    plan = report.plan
    return (
        f"{count(len(plan.network.private_subnets), 'zone')} of {plan.region},"
        f" {count(sum(bool(pool.hardware) for pool in report.pools), 'pool')}, {count(len(report.models), 'model')},"
        f" {count(report.resource_count, 'resource')},"
        f" {month_of(report)} a month {fleet_of(report.cost)}"
    )


def _region(stack: DrawnStack, marks: Marks, x: float, y: float, width: float) -> Block:
    plan, mark = stack.plan, marks.get(Part("region"))
    left, inner = x + 16, width - 32
    name = Text(text=f"Region {plan.region}", size=13, colour=_QUIET, bold=True)
    title = marked_paragraphs([name], mark, left, y + 8, inner)
    ways_in = entries(plan)
    room = (left + _RAIL, inner - 2 * _RAIL)
    outer = [(entry.outside, entry.parts[0]) for entry in ways_in]
    outside = cards(outer, marks, x=room[0], y=title.bottom + 6, width=room[1])
    vpc = _vpc(stack, ways_in, marks, x=left, y=outside.bottom + 30, width=inner)
    arrows = [
        Line(
            points=[(middle, outside.bottom), (middle, vpc.ports_top)],
            colour=entry.colour,
            arrow="down",
        )
        for entry, middle in zip(ways_in, middles(len(ways_in), *room), strict=True)
        if entry.enters
    ]
    bottom = vpc.bottom + 16
    frame = Box(
        x=x, y=y, width=width, height=bottom - y, fill="none", stroke="#94a3b8", dashed=True
    )
    shapes = [*title.shapes, *outside.shapes, *vpc.shapes, *arrows]
    return Block(shapes=[framed_box(frame, mark), *shapes], bottom=bottom)


@dataclass(frozen=True, kw_only=True)
class _Vpc:
    shapes: Sequence[Shape]
    ports_top: float
    bottom: float


def _vpc(
    stack: DrawnStack, ways_in: Sequence[Entry], marks: Marks, *, x: float, y: float, width: float
) -> _Vpc:
    network, mark = stack.plan.network, marks.get(Part("VPC"))
    # The ways in sit on the frame, below the cards they belong to.
    ports = cards(
        [(entry.inside, entry.parts[1]) for entry in ways_in],
        marks,
        x=x + _RAIL,
        y=y,
        width=width - 2 * _RAIL,
        strokes=[entry.colour for entry in ways_in],
    )
    title = marked_paragraphs(
        [Text(text=f"VPC {network.vpc_cidr}", size=13, colour=CONTROL, bold=True)],
        mark,
        x + _RAIL,
        ports.bottom + 8,
        width - 2 * _RAIL,
    )
    left, inner = x + _RAIL, width - 2 * _RAIL
    heads = zone_heads(network, marks, left, title.bottom + 4, inner)
    rows: list[Shape] = []
    served: list[float] = []
    through: list[tuple[float, float]] = []
    bottom = heads.bottom
    for pool in stack.pools:
        on_it = pool_cards(stack, pool)
        top = bottom + _GAP
        place, room = left + _INSET, inner - 2 * _INSET
        row = pool_row(pool, on_it, network.zones, marks, x=place, y=top, width=room)
        rows.extend(row.shapes)
        bottom = row.bottom
        if on_it and pool.hardware:
            served.append((top + bottom) / 2)
        elif on_it:
            through.append(((2 * top + bottom) / 3, (top + 2 * bottom) / 3))
    if network.interface_endpoints:
        band = endpoints_card(network, marks, left + _INSET, bottom + _GAP, inner - 2 * _INSET)
        rows.extend(band.shapes)
        bottom = band.bottom
    rails = [
        *_requests(x, ports.bottom - 10, through, served),
        *_rail(x + width, served, top=ports.bottom - 10, colour=WEIGHTS, arrow="left"),
    ]
    strips = private_strips(
        network, marks, x=left, top=heads.private_top, width=inner, bottom=bottom + _GAP
    )
    frame_top = (y + ports.bottom) / 2
    bottom += 2 * _GAP
    frame = Box(
        x=x,
        y=frame_top,
        width=width,
        height=bottom - frame_top,
        fill="none",
        stroke=CONTROL,
    )
    shapes = [
        framed_box(frame, mark),
        *ports.shapes,
        *title.shapes,
        *strips,
        *heads.shapes,
        *rails,
        *rows,
    ]
    return _Vpc(shapes=shapes, ports_top=y, bottom=bottom)


def _requests(
    x: float, top: float, through: Sequence[tuple[float, float]], rows: Sequence[float]
) -> Iterator[Line]:
    """Down the left side into the nodes that the edge is on, out of them, and into its replicas.

    ``through`` are the heights at which requests come into such a row and leave it.
    """
    into: list[float] = []
    for enter, leave in through:
        into.append(enter)
        yield from _rail(x, rows, top=leave, colour=REQUESTS, arrow="right", start=_RAIL + _INSET)
    yield from _rail(x, into or rows, top=top, colour=REQUESTS, arrow="right")


def _rail(
    frame: float,
    rows: Sequence[float],
    *,
    top: float,
    colour: str,
    arrow: Literal["right", "left"],
    start: float = _RAIL,
) -> Iterator[Line]:
    """From ``start`` beside a frame, down between frame and nodes, into the middle of each row."""
    if not rows:
        return
    inwards = 1 if arrow == "right" else -1
    rail = frame + inwards * _RAIL / 2
    trunk = [(frame + inwards * start, top), (rail, top), (rail, rows[-1])]
    yield Line(points=trunk, colour=colour)
    for row in rows:
        points = [(rail, row), (frame + inwards * (_RAIL + _INSET), row)]
        yield Line(points=points, colour=colour, arrow=arrow)
