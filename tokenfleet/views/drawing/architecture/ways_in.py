"""What stands outside the VPC in the drawing, and where each of it comes in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.settings.edge import Exposure
from tokenfleet.views.drawing.architecture.drawn import DrawnPlan
from tokenfleet.views.drawing.architecture.marks import Marks, Part, marked_box, marked_paragraphs
from tokenfleet.views.drawing.shapes import Block, Box, Text

REQUESTS, WEIGHTS, CONTROL = "#2563eb", "#047857", "#7c3aed"
_INK = "#0f172a"
_GAP = 48.0
WAY_IN_BY_EXPOSURE: Mapping[Exposure, str] = {
    "cluster": "ClusterIP service",
    "internal": "Internal network load balancer",
    "public": "Public network load balancer",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something outside the VPC, and where it comes in; ``enters`` draws the arrow between.

    ``parts`` are what both ends of it are called, where they have a name.
    """

    outside: Sequence[Text]
    inside: Sequence[Text]
    colour: str
    enters: bool
    parts: tuple[Part | None, Part | None]


def entries(plan: DrawnPlan) -> Sequence[Entry]:
    """Clients, the control plane and the bucket, from left to right."""
    public = ", ".join(map(str, plan.cluster.public_access_cidrs))
    return [
        _way_in(plan),
        Entry(
            outside=[
                Text(
                    text=f"EKS control plane {plan.cluster.kubernetes_version}",
                    size=14,
                    colour=_INK,
                    bold=True,
                ),
                Text(text=f"public endpoint for {public}" if public else "no public endpoint"),
            ],
            inside=[
                Text(text="Private cluster endpoint", size=13, colour=CONTROL, bold=True),
                Text(text="nodes and pods reach the Kubernetes API"),
            ],
            colour=CONTROL,
            enters=True,
            parts=(Part("control plane"), None),
        ),
        Entry(
            outside=[
                Text(text="Model bucket, S3", size=14, colour=_INK, bold=True),
                Text(text="weights of every revision"),
            ],
            inside=[
                Text(text="S3 gateway endpoint", size=13, colour=WEIGHTS, bold=True),
                Text(text="weights, without NAT"),
            ],
            colour=WEIGHTS,
            enters=True,
            parts=(Part("bucket"), Part("gateway endpoint")),
        ),
    ]


def _way_in(plan: DrawnPlan) -> Entry:
    edge = plan.edge
    is_outside = edge.exposure != "cluster"
    cidrs = ", ".join(sorted(map(str, edge.allowed_cidrs)))
    port = "port 80" if edge.certificate_arn is None else "TLS on port 443"
    return Entry(
        outside=[
            Text(text="Clients", size=14, colour=_INK, bold=True),
            Text(text=f"from {cidrs}" if is_outside else "no way in from outside the cluster"),
        ],
        inside=[
            Text(text=WAY_IN_BY_EXPOSURE[edge.exposure], size=13, colour=REQUESTS, bold=True),
            Text(text=f"one for all models, {port}"),
        ],
        colour=REQUESTS,
        enters=is_outside,
        parts=(None, Part("way in")),
    )


def cards(
    columns: Sequence[tuple[Sequence[Text], Part | None]],
    marks: Marks,
    *,
    x: float,
    y: float,
    width: float,
    strokes: Sequence[str] = (),
) -> Block:
    """Cards beside each other, equally high."""
    room = _card_width(len(columns), width)
    lefts = [middle - room / 2 for middle in middles(len(columns), x, width)]
    found = [marks.get(part) if part else None for _, part in columns]
    blocks = [
        marked_paragraphs(texts, mark, left + 14, y + 8, room - 28)
        for (texts, _), mark, left in zip(columns, found, lefts, strict=True)
    ]
    bottom = max(block.bottom for block in blocks) + 10
    boxes = [
        marked_box(
            Box(x=left, y=y, width=room, height=bottom - y, fill="#ffffff", stroke=stroke), mark
        )
        for left, stroke, mark in zip(
            lefts, strokes or ["#64748b"] * len(lefts), found, strict=True
        )
    ]
    return Block(
        shapes=[*boxes, *(shape for block in blocks for shape in block.shapes)], bottom=bottom
    )


def _card_width(columns: int, width: float) -> float:
    return (width - _GAP * (columns - 1)) / columns


def middles(columns: int, x: float, width: float) -> Sequence[float]:
    """Where the cards have their middle."""
    room = _card_width(columns, width)
    return [x + room / 2 + place * (room + _GAP) for place in range(columns)]
