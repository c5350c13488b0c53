"""The architecture of a stack for a phone: the same parts below each other, at the size they are read."""

from tokenfleet.counted import count
from tokenfleet.preview.report import Report
from tokenfleet.views.drawing.architecture.drawn import DrawnNetwork, DrawnStack, drawn_of
from tokenfleet.views.drawing.architecture.endpoints import endpoints_card
from tokenfleet.views.drawing.architecture.marks import (
    UNMARKED,
    Mark,
    Marks,
    Part,
    framed_box,
    marked_box,
    marked_paragraphs,
)
from tokenfleet.views.drawing.architecture.pool_cards import pool_cards
from tokenfleet.views.drawing.architecture.pool_row import stacked_pool
from tokenfleet.views.drawing.architecture.ways_in import CONTROL, Entry, entries
from tokenfleet.views.drawing.architecture.zone_columns import stacked_zone
from tokenfleet.views.drawing.shapes import Block, Box, Line, Shape, Text, svg

NARROW_WIDTH = 360.0
"""Of a phone of 390 pixels, less the margins of the page."""

_MARGIN = 8.0
_GAP = 10.0
_PADDING = 10.0
_ARROW = 26.0
_QUIET = "#475569"


def narrow_architecture_svg(report: Report) -> str:
    """The drawing as SVG, without what the page around it says."""
    return narrow_drawing(drawn_of(report), UNMARKED)


def narrow_drawing(stack: DrawnStack, marks: Marks) -> str:
    """The drawing as SVG for a phone."""
    region = _region(stack, marks, _MARGIN, _MARGIN, NARROW_WIDTH - 2 * _MARGIN)
    title = f"Architecture of {stack.plan.name}"
    return svg(region.shapes, NARROW_WIDTH, region.bottom + _MARGIN, title, title)


def _region(stack: DrawnStack, marks: Marks, x: float, y: float, width: float) -> Block:
    mark = marks.get(Part("region"))
    left, inner = x + _PADDING, width - 2 * _PADDING
    title = _heading(_bold(f"Region {stack.plan.region}", _QUIET), mark, left, y, inner)
    shapes = list(title.shapes)
    bottom = title.bottom
    for entry in entries(stack.plan):
        way = _way_in(entry, marks, left, bottom + 6, inner)
        shapes.extend(way.shapes)
        bottom = way.bottom
    vpc = _vpc(stack, marks, left, bottom + _GAP, inner)
    bottom = vpc.bottom + _PADDING
    frame = Box(
        x=x, y=y, width=width, height=bottom - y, fill="none", stroke="#94a3b8", dashed=True
    )
    return Block(shapes=[framed_box(frame, mark), *shapes, *vpc.shapes], bottom=bottom)


def _bold(text: str, colour: str) -> Text:
    return Text(text=text, size=13, colour=colour, bold=True)


def _heading(text: Text, mark: Mark | None, x: float, y: float, width: float) -> Block:
    return marked_paragraphs([text], mark, x, y + 6, width)


def _way_in(entry: Entry, marks: Marks, x: float, y: float, width: float) -> Block:
    """From what is outside, on the left, to where it comes in."""
    room = (width - _ARROW) / 2
    lefts = (x, x + room + _ARROW)
    found = [marks.get(part) if part else None for part in entry.parts]
    blocks = [
        marked_paragraphs(texts, mark, left + 8, y + 5, room - 16)
        for texts, mark, left in zip((entry.outside, entry.inside), found, lefts, strict=True)
    ]
    bottom = max(block.bottom for block in blocks) + 8
    shapes: list[Shape] = [
        marked_box(
            Box(x=left, y=y, width=room, height=bottom - y, fill="#ffffff", stroke=stroke), mark
        )
        for left, stroke, mark in zip(lefts, ("#64748b", entry.colour), found, strict=True)
    ]
    if entry.enters:
        middle = (y + bottom) / 2
        ends = [(lefts[0] + room, middle), (lefts[1], middle)]
        shapes.append(Line(points=ends, colour=entry.colour, arrow="right"))
    return Block(
        shapes=[*shapes, *(shape for block in blocks for shape in block.shapes)], bottom=bottom
    )


def _vpc(stack: DrawnStack, marks: Marks, x: float, y: float, width: float) -> Block:
    network, mark = stack.plan.network, marks.get(Part("VPC"))
    left, inner = x + _PADDING, width - 2 * _PADDING
    title = _heading(_bold(f"VPC {network.vpc_cidr}", CONTROL), mark, left, y, inner)
    zones = _zones(network, marks, left, title.bottom + 4, inner)
    nodes = _nodes(stack, marks, left, zones.bottom + _GAP, inner)
    bottom = nodes.bottom + _PADDING
    frame = Box(x=x, y=y, width=width, height=bottom - y, fill="none", stroke=CONTROL)
    shapes = [framed_box(frame, mark), *title.shapes, *zones.shapes, *nodes.shapes]
    return Block(shapes=shapes, bottom=bottom)


def _zones(network: DrawnNetwork, marks: Marks, x: float, y: float, width: float) -> Block:
    public = {subnet.zone: subnet for subnet in network.public_subnets}
    shapes: list[Shape] = []
    for subnet in network.private_subnets:
        zone = stacked_zone(network, public[subnet.zone], subnet, marks, x=x, y=y, width=width)
        shapes.extend(zone.shapes)
        y = zone.bottom + 6
    return Block(shapes=shapes, bottom=y - 6)


def _nodes(stack: DrawnStack, marks: Marks, x: float, y: float, width: float) -> Block:
    """What runs in the private subnets of all zones."""
    network = stack.plan.network
    left, inner = x + 8, width - 16
    zones = count(len(network.zones), "zone")
    name = _bold(f"In the private subnets of {zones}", "#1d4ed8")
    title = _heading(name, None, left, y, inner)
    shapes: list[Shape] = [*title.shapes]
    bottom = title.bottom - 2
    for pool in stack.pools:
        on_it = pool_cards(stack, pool)
        card = stacked_pool(pool, on_it, network.zones, marks, x=left, y=bottom + 8, width=inner)
        shapes.extend(card.shapes)
        bottom = card.bottom
    if network.interface_endpoints:
        band = endpoints_card(network, marks, left, bottom + 8, inner, padding=10)
        shapes.extend(band.shapes)
        bottom = band.bottom
    bottom += 8
    strip = Box(x=x, y=y, width=width, height=bottom - y, fill="#eff6ff", stroke="#93c5fd")
    return Block(shapes=[strip, *shapes], bottom=bottom)
