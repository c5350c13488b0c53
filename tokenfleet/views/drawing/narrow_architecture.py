"""The architecture of a stack for a phone: the same parts below each other, at the size they are read."""

from collections.abc import Sequence

from tokenfleet.counted import count
from tokenfleet.plan.network import NetworkPlan, SubnetPlan
from tokenfleet.preview.report import Report
from tokenfleet.views.drawing.pool_row import stacked_pool
from tokenfleet.views.drawing.shapes import Block, Box, Line, Shape, Text, paragraphs, svg
from tokenfleet.views.drawing.ways_in import CONTROL, Entry, entries
from tokenfleet.views.drawing.zone_columns import stacked_zone

NARROW_WIDTH = 360.0
"""Of a phone of 390 pixels, less the margins of the page."""

_MARGIN = 8.0
_GAP = 10.0
_PADDING = 10.0
_ARROW = 26.0
_QUIET = "#475569"


def narrow_architecture_svg(report: Report) -> str:
    """The drawing as SVG, without what the page around it says."""
    region = _region(report, _MARGIN, _MARGIN, NARROW_WIDTH - 2 * _MARGIN)
    title = f"Architecture of {report.plan.name}"
    return svg(region.shapes, NARROW_WIDTH, region.bottom + _MARGIN, title, title)


def _region(report: Report, x: float, y: float, width: float) -> Block:
    left, inner = x + _PADDING, width - 2 * _PADDING
    title = _heading(f"Region {report.plan.region}", _QUIET, left, y, inner)
    shapes = list(title.shapes)
    bottom = title.bottom
    for entry in entries(report.plan):
        way = _way_in(entry, left, bottom + 6, inner)
        shapes.extend(way.shapes)
        bottom = way.bottom
    vpc = _vpc(report, left, bottom + _GAP, inner)
    bottom = vpc.bottom + _PADDING
    frame = Box(
        x=x, y=y, width=width, height=bottom - y, fill="none", stroke="#94a3b8", dashed=True
    )
    return Block(shapes=[frame, *shapes, *vpc.shapes], bottom=bottom)


def _heading(text: str, colour: str, x: float, y: float, width: float) -> Block:
    return paragraphs([Text(text=text, size=13, colour=colour, bold=True)], x, y + 6, width)


def _way_in(entry: Entry, x: float, y: float, width: float) -> Block:
    """From what is outside, on the left, to where it comes in."""
    room = (width - _ARROW) / 2
    lefts = (x, x + room + _ARROW)
    blocks = [
        paragraphs(texts, left + 8, y + 5, room - 16)
        for texts, left in zip((entry.outside, entry.inside), lefts, strict=True)
    ]
    bottom = max(block.bottom for block in blocks) + 8
    shapes: list[Shape] = [
        Box(x=left, y=y, width=room, height=bottom - y, fill="#ffffff", stroke=stroke)
        for left, stroke in zip(lefts, ("#64748b", entry.colour), strict=True)
    ]
    if entry.enters:
        middle = (y + bottom) / 2
        ends = [(lefts[0] + room, middle), (lefts[1], middle)]
        shapes.append(Line(points=ends, colour=entry.colour, arrow="right"))
    return Block(
        shapes=[*shapes, *(shape for block in blocks for shape in block.shapes)], bottom=bottom
    )


def _vpc(report: Report, x: float, y: float, width: float) -> Block:
    network = report.plan.network
    left, inner = x + _PADDING, width - 2 * _PADDING
    title = _heading(f"VPC {network.vpc_cidr}", CONTROL, left, y, inner)
    zones = _zones(network, left, title.bottom + 4, inner)
    nodes = _nodes(report, left, zones.bottom + _GAP, inner)
    bottom = nodes.bottom + _PADDING
    frame = Box(x=x, y=y, width=width, height=bottom - y, fill="none", stroke=CONTROL)
    return Block(shapes=[frame, *title.shapes, *zones.shapes, *nodes.shapes], bottom=bottom)


def _zones(network: NetworkPlan, x: float, y: float, width: float) -> Block:
    public: dict[str, SubnetPlan] = {subnet.zone: subnet for subnet in network.public_subnets}
    shapes: list[Shape] = []
    for subnet in network.private_subnets:
        zone = stacked_zone(network, public[subnet.zone], subnet, x=x, y=y, width=width)
        shapes.extend(zone.shapes)
        y = zone.bottom + 6
    return Block(shapes=shapes, bottom=y - 6)


def _nodes(report: Report, x: float, y: float, width: float) -> Block:
    """What runs in the private subnets of all zones."""
    network = report.plan.network
    left, inner = x + 8, width - 16
    zones = count(len(network.private_subnets), "zone")
    title = _heading(f"In the private subnets of {zones}", "#1d4ed8", left, y, inner)
    every_zone = [subnet.zone for subnet in network.private_subnets]
    shapes: list[Shape] = [*title.shapes]
    bottom = title.bottom - 2
    for pool in report.pools:
        models = [model for model in report.models if model.plan.pool == pool.name]
        card = stacked_pool(pool, models, every_zone, x=left, y=bottom + 8, width=inner)
        shapes.extend(card.shapes)
        bottom = card.bottom
    if network.interface_endpoints:
        band = _endpoints(network.interface_endpoints, left, bottom + 8, inner)
        shapes.extend(band.shapes)
        bottom = band.bottom
    bottom += 8
    strip = Box(x=x, y=y, width=width, height=bottom - y, fill="#eff6ff", stroke="#93c5fd")
    return Block(shapes=[strip, *shapes], bottom=bottom)


def _endpoints(names: Sequence[str], x: float, y: float, width: float) -> Block:
    text = Text(text=f"Interface endpoints in every zone: {', '.join(names)}")
    written = paragraphs([text], x + 10, y + 6, width - 20)
    bottom = written.bottom + 8
    card = Box(x=x, y=y, width=width, height=bottom - y, fill="#ffffff", stroke="#cbd5e1")
    return Block(shapes=[card, *written.shapes], bottom=bottom)
