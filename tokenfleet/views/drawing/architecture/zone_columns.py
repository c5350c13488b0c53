"""The zones in the drawing: a column each, its public subnet above its private one."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.views.drawing.architecture.drawn import DrawnNetwork, DrawnSubnet
from tokenfleet.views.drawing.architecture.marks import (
    Marks,
    Part,
    badges,
    framed_box,
    marked_paragraphs,
)
from tokenfleet.views.drawing.shapes import Block, Box, Shape, Text, paragraphs, pill

_GAP = 10.0
_PADDING = 10.0
_PUBLIC_FILL, _PUBLIC_STROKE, _PUBLIC_INK = "#ecfdf5", "#6ee7b7", "#047857"
_PRIVATE_FILL, _PRIVATE_STROKE, _PRIVATE_INK = "#eff6ff", "#93c5fd", "#1d4ed8"


@dataclass(frozen=True, kw_only=True)
class ZoneHeads:
    """What stands above the nodes; the private subnets begin at ``private_top``."""

    shapes: Sequence[Shape]
    private_top: float
    bottom: float


def zone_heads(network: DrawnNetwork, marks: Marks, x: float, y: float, width: float) -> ZoneHeads:
    """Zone, public subnet and the head of the private one; columns equally high."""
    public = {subnet.zone: subnet for subnet in network.public_subnets}
    zones = network.zones
    columns = _columns(len(zones), x, width)
    titles = [
        _title(zone, marks, left + 2, y, room - 2)
        for zone, (left, room) in zip(zones, columns, strict=True)
    ]
    top = max(title.bottom for title in titles) + 4
    publics = [
        _public(network, public[zone], marks, left=left, top=top, room=room)
        for zone, (left, room) in zip(zones, columns, strict=True)
    ]
    public_bottom = max(block.bottom for block in publics) + _PADDING
    privates = [
        _private(network, subnet, left, public_bottom + _GAP, room)
        for subnet, (left, room) in zip(network.private_subnets, columns, strict=True)
    ]
    frames = [
        framed_box(
            Box(
                x=left,
                y=top,
                width=room,
                height=public_bottom - top,
                fill=_PUBLIC_FILL,
                stroke=_PUBLIC_STROKE,
            ),
            marks.get(Part("zone", zone)),
        )
        for zone, (left, room) in zip(zones, columns, strict=True)
    ]
    blocks = [*titles, *publics, *privates]
    shapes: list[Shape] = [*frames, *(shape for block in blocks for shape in block.shapes)]
    return ZoneHeads(
        shapes=shapes,
        private_top=public_bottom + _GAP,
        bottom=max(block.bottom for block in privates),
    )


def private_strips(
    network: DrawnNetwork, marks: Marks, *, x: float, top: float, width: float, bottom: float
) -> Sequence[Shape]:
    """The private subnets, behind everything that runs in them."""
    columns = _columns(len(network.zones), x, width)
    return [
        framed_box(
            Box(
                x=left,
                y=top,
                width=room,
                height=bottom - top,
                fill=_PRIVATE_FILL,
                stroke=_PRIVATE_STROKE,
            ),
            marks.get(Part("zone", zone)),
        )
        for zone, (left, room) in zip(network.zones, columns, strict=True)
    ]


def stacked_zone(
    network: DrawnNetwork,
    public: DrawnSubnet,
    private: DrawnSubnet,
    marks: Marks,
    *,
    x: float,
    y: float,
    width: float,
) -> Block:
    """One zone: its name, and its two subnets side by side below."""
    name = _title(private.zone, marks, x, y, width)
    (left, room), (right, _) = _columns(2, x, width)
    top = name.bottom + 3
    parts = [
        _public(network, public, marks, left=left, top=top, room=room),
        _private(network, private, right, top, room),
    ]
    bottom = max(part.bottom for part in parts) + _PADDING
    frames = [
        framed_box(
            Box(x=place, y=top, width=room, height=bottom - top, fill=fill, stroke=stroke),
            marks.get(Part("zone", private.zone)),
        )
        for place, fill, stroke in (
            (left, _PUBLIC_FILL, _PUBLIC_STROKE),
            (right, _PRIVATE_FILL, _PRIVATE_STROKE),
        )
    ]
    written = [shape for part in parts for shape in part.shapes]
    return Block(shapes=[*name.shapes, *frames, *written], bottom=bottom)


def _title(zone: str, marks: Marks, x: float, y: float, width: float) -> Block:
    text = Text(text=zone, size=13, colour="#0f172a", bold=True)
    return marked_paragraphs([text], marks.get(Part("zone", zone)), x, y, width)


def _columns(count: int, x: float, width: float) -> Sequence[tuple[float, float]]:
    room = (width - _GAP * (count - 1)) / count
    return [(x + place * (room + _GAP), room) for place in range(count)]


def _public(
    network: DrawnNetwork,
    subnet: DrawnSubnet,
    marks: Marks,
    *,
    left: float,
    top: float,
    room: float,
) -> Block:
    head = paragraphs(
        [Text(text="Public subnet", colour=_PUBLIC_INK, bold=True), Text(text=str(subnet.cidr))],
        left + _PADDING,
        top + 7,
        room - 2 * _PADDING,
    )
    if subnet.zone not in network.nat_zones:
        return head
    gateway = pill(
        "NAT gateway", left + _PADDING, head.bottom + 5, fill="#a7f3d0", colour="#065f46"
    )
    mark = marks.get(Part("NAT gateway", subnet.zone))
    if mark is None:
        return Block(shapes=[*head.shapes, *gateway.shapes], bottom=gateway.bottom)
    below = badges(mark, left + _PADDING, gateway.bottom + 4, room - 2 * _PADDING)
    return Block(shapes=[*head.shapes, *gateway.shapes, *below.shapes], bottom=below.bottom)


def _private(
    network: DrawnNetwork, subnet: DrawnSubnet, left: float, top: float, room: float
) -> Block:
    return paragraphs(
        [
            Text(text="Private subnet", colour=_PRIVATE_INK, bold=True),
            Text(text=str(subnet.cidr)),
            Text(text=_way_out(network, subnet.zone), size=11),
        ],
        left + _PADDING,
        top + 7,
        room - 2 * _PADDING,
    )


def _way_out(network: DrawnNetwork, zone: str) -> str:
    exit_zone = network.nat_zone_by_zone[zone]
    return "out by its own NAT gateway" if exit_zone == zone else f"out by NAT in {exit_zone}"
