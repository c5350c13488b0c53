"""The architecture of a stack as one drawing, computed from the plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.counted import count
from tokenfleet.preview.report import Report
from tokenfleet.views.drawing.pool_row import pool_row
from tokenfleet.views.drawing.shapes import Block, Box, Line, Shape, Text, paragraphs, svg
from tokenfleet.views.drawing.ways_in import (
    CONTROL,
    REQUESTS,
    WEIGHTS,
    Entry,
    cards,
    entries,
    middles,
)
from tokenfleet.views.drawing.zone_columns import private_strips, zone_heads
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
    plan = report.plan
    head = paragraphs(
        [
            Text(text=plan.name, size=22, colour=_INK, bold=True),
            Text(text=_summary(report), size=13),
        ],
        _MARGIN,
        _MARGIN - 6,
        WIDTH - 2 * _MARGIN,
    )
    region = _region(report, _MARGIN, head.bottom + _GAP, WIDTH - 2 * _MARGIN)
    return svg(
        [*head.shapes, *region.shapes],
        WIDTH,
        region.bottom + _MARGIN,
        f"Architecture of {plan.name}",
        _summary(report),
    )


def _summary(report: Report) -> str:
    plan = report.plan
    return (
        f"{count(len(plan.network.private_subnets), 'zone')} of {plan.region},"
        f" {count(sum(bool(pool.hardware) for pool in report.pools), 'pool')}, {count(len(report.models), 'model')},"
        f" {count(report.resource_count, 'resource')},"
        f" {month_of(report)} a month {fleet_of(report.cost)}"
    )


def _region(report: Report, x: float, y: float, width: float) -> Block:
    plan = report.plan
    left, inner = x + 16, width - 32
    title = paragraphs(
        [Text(text=f"Region {plan.region}", size=13, colour=_QUIET, bold=True)], left, y + 8, inner
    )
    ways_in = entries(plan)
    room = (left + _RAIL, inner - 2 * _RAIL)
    outside = cards([entry.outside for entry in ways_in], room[0], title.bottom + 6, room[1])
    vpc = _vpc(report, ways_in, left, outside.bottom + 30, inner)
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
    return Block(
        shapes=[frame, *title.shapes, *outside.shapes, *vpc.shapes, *arrows], bottom=bottom
    )


@dataclass(frozen=True, kw_only=True)
class _Vpc:
    shapes: Sequence[Shape]
    ports_top: float
    bottom: float


def _vpc(report: Report, ways_in: Sequence[Entry], x: float, y: float, width: float) -> _Vpc:
    network = report.plan.network
    # The ways in sit on the frame, below the cards they belong to.
    ports = cards(
        [entry.inside for entry in ways_in],
        x + _RAIL,
        y,
        width - 2 * _RAIL,
        strokes=[entry.colour for entry in ways_in],
    )
    title = paragraphs(
        [Text(text=f"VPC {network.vpc_cidr}", size=13, colour=CONTROL, bold=True)],
        x + _RAIL,
        ports.bottom + 8,
        width - 2 * _RAIL,
    )
    left, inner = x + _RAIL, width - 2 * _RAIL
    heads = zone_heads(network, left, title.bottom + 4, inner)
    every_zone = [subnet.zone for subnet in network.private_subnets]
    rows: list[Shape] = []
    served: list[float] = []
    bottom = heads.bottom
    for pool in report.pools:
        models = [model for model in report.models if model.plan.pool == pool.name]
        top = bottom + _GAP
        row = pool_row(pool, models, every_zone, x=left + _INSET, y=top, width=inner - 2 * _INSET)
        rows.extend(row.shapes)
        bottom = row.bottom
        if models:
            served.append((top + bottom) / 2)
    if network.interface_endpoints:
        band = _endpoints(
            network.interface_endpoints, left + _INSET, bottom + _GAP, inner - 2 * _INSET
        )
        rows.extend(band.shapes)
        bottom = band.bottom
    rails = _rails(x, width, ports.bottom - 10, served)
    strips = private_strips(network, left, heads.private_top, inner, bottom + _GAP)
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
    shapes = [frame, *ports.shapes, *title.shapes, *strips, *heads.shapes, *rails, *rows]
    return _Vpc(shapes=shapes, ports_top=y, bottom=bottom)


def _endpoints(names: Sequence[str], x: float, y: float, width: float) -> Block:
    text = Text(text=f"Interface endpoints in every zone: {', '.join(names)}")
    written = paragraphs([text], x + 14, y + 8, width - 28)
    bottom = written.bottom + 8
    card = Box(x=x, y=y, width=width, height=bottom - y, fill="#ffffff", stroke="#cbd5e1")
    return Block(shapes=[card, *written.shapes], bottom=bottom)


def _rails(x: float, width: float, top: float, rows: Sequence[float]) -> Sequence[Line]:
    """From the outer ways in, down the sides, into the middle of every row that serves models."""
    sides: Sequence[tuple[float, float, str, Literal["right", "left"]]] = [
        (x, 1, REQUESTS, "right"),
        (x + width, -1, WEIGHTS, "left"),
    ]
    lines: list[Line] = []
    for frame, inwards, colour, arrow in sides if rows else []:
        port, rail = frame + inwards * _RAIL, frame + inwards * _RAIL / 2
        trunk = [(port, top), (rail, top), (rail, rows[-1])]
        lines.append(Line(points=trunk, colour=colour))
        lines.extend(
            Line(points=[(rail, row), (port + inwards * _INSET, row)], colour=colour, arrow=arrow)
            for row in rows
        )
    return lines
