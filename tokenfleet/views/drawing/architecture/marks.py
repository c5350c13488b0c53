"""Marks on parts of a drawing: a word and a colour, so that nobody needs the colour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from tokenfleet.views.drawing.lettering import text_width
from tokenfleet.views.drawing.shapes import Block, Box, Shape, Text, paragraphs, pill

Kind = Literal[
    "region",
    "way in",
    "control plane",
    "bucket",
    "gateway endpoint",
    "VPC",
    "zone",
    "NAT gateway",
    "interface endpoints",
    "pool",
    "tier",
    "model",
    "edge",
    "scaling",
]
_SIZE, _HEIGHT, _GAP = 11.0, 19.0, 4.0
_FRAME = 2.5


@dataclass(frozen=True, order=True)
class Part:
    """Something that is drawn; the ``name`` of a tier is its pool's and its option, with a slash."""

    kind: Kind
    name: str = ""

    @property
    def title(self) -> str:
        """``pool graviton4``, or the kind of what there is one of."""
        return f"{self.kind} {self.name}".rstrip()


class Tone(StrEnum):
    """How much a reader should worry."""

    NEW = "new"
    CHANGED = "changed"
    DANGEROUS = "dangerous"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What is said of a part, a word or two."""

    words: Sequence[str]
    tone: Tone


Marks = Mapping[Part, Mark]
UNMARKED: Marks = {}
_TINTS = {Tone.NEW: "#ecfdf5", Tone.CHANGED: "#fffbeb", Tone.DANGEROUS: "#fef2f2"}
_STRONG = {Tone.NEW: "#047857", Tone.CHANGED: "#b45309", Tone.DANGEROUS: "#b91c1c"}


def marked_box(box: Box, mark: Mark | None) -> Box:
    """The box in the colour of its mark; a frame that shows what is behind it goes on doing so."""
    if mark is None:
        return box
    fill = box.fill if box.fill == "none" else _TINTS[mark.tone]
    return replace(box, fill=fill, stroke=_STRONG[mark.tone], stroke_width=_FRAME)


def framed_box(box: Box, mark: Mark | None) -> Box:
    """The box with its own ground, in a frame of the mark's colour."""
    return replace(marked_box(box, mark), fill=box.fill)


def marked_paragraphs(
    texts: Sequence[Text], mark: Mark | None, x: float, y: float, width: float
) -> Block:
    """Paragraphs with the badges of a mark below them."""
    written = paragraphs(texts, x, y, width)
    if mark is None:
        return written
    found = badges(mark, x, written.bottom + _GAP, width)
    return Block(shapes=[*written.shapes, *found.shapes], bottom=found.bottom)


def badges(mark: Mark, x: float, y: float, width: float) -> Block:
    """The words of a mark beside each other, below where there is no room."""
    shapes: list[Shape] = []
    left = x
    for word in mark.words:
        room = text_width(word, _SIZE, bold=True) + 16
        if left > x and left + room > x + width:
            left, y = x, y + _HEIGHT + _GAP
        badge = pill(word, left, y, fill=_STRONG[mark.tone], colour="#ffffff")
        shapes.extend(badge.shapes)
        left += room + _GAP
    return Block(shapes=shapes, bottom=y + _HEIGHT + 2)
