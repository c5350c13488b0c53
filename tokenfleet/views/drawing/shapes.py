"""The parts of a drawing - boxes, labels, lines - and how they are written as SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from tokenfleet.plain_text import written_out
from tokenfleet.views.drawing.dark import dark_style
from tokenfleet.views.drawing.lettering import text_width, wrap

# Whatever sans-serif the reader has: a font that is loaded would need the network.
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_LEADING = 1.35
_ARROW_HEAD = 5.0


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rounded rectangle."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    stroke: str
    radius: float = 8
    dashed: bool = False
    stroke_width: float = 1


@dataclass(frozen=True, kw_only=True)
class Label:
    """One line of text; ``y`` is its baseline."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    bold: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """Straight pieces through ``points``; an arrow points the way of the last piece."""

    points: Sequence[tuple[float, float]]
    colour: str
    arrow: Literal["none", "right", "left", "down"] = "none"


Shape = Box | Label | Line


@dataclass(frozen=True, kw_only=True)
class Text:
    """A paragraph that has no place yet."""

    text: str
    size: float = 12
    colour: str = "#475569"
    bold: bool = False


@dataclass(frozen=True, kw_only=True)
class Block:
    """Shapes that have their place, and where the next block may start."""

    shapes: Sequence[Shape]
    bottom: float


def paragraphs(texts: Sequence[Text], x: float, y: float, width: float) -> Block:
    """Paragraphs below each other from ``y`` on, wrapped at ``width``."""
    labels: list[Label] = []
    for text in texts:
        for line in wrap(written_out(text.text), width, text.size, bold=text.bold):
            y += text.size * _LEADING
            baseline = y - text.size * 0.35
            labels.append(
                Label(
                    x=x, y=baseline, text=line, size=text.size, colour=text.colour, bold=text.bold
                )
            )
    return Block(shapes=labels, bottom=y)


def pill(text: str, x: float, y: float, *, fill: str, colour: str) -> Block:
    """A small filled label."""
    size, height = 11.0, 19.0
    width = text_width(text, size, bold=True) + 16
    return Block(
        shapes=[
            Box(x=x, y=y, width=width, height=height, fill=fill, stroke=fill, radius=height / 2),
            Label(x=x + 8, y=y + 13.2, text=text, size=size, colour=colour, bold=True),
        ],
        bottom=y + height,
    )


def svg(shapes: Sequence[Shape], width: float, height: float, title: str, summary: str) -> str:
    """The drawing on a card of its own, so that it reads on a page of any colour; dark by night."""
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_number(width)} {_number(height)}",
            "width": _number(width),
            "height": _number(height),
            "role": "img",
            "font-family": _FONTS,
        },
    )
    ET.SubElement(root, "title").text = written_out(title)
    ET.SubElement(root, "desc").text = written_out(summary)
    card = Box(x=0.5, y=0.5, width=width - 1, height=height - 1, fill="#ffffff", stroke="#cbd5e1")
    for shape in (card, *shapes):
        for tag, attributes, text in _elements(shape):
            ET.SubElement(root, tag, attributes).text = text
    ET.SubElement(root, "style").text = dark_style(root)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _elements(shape: Shape) -> Iterator[tuple[str, dict[str, str], str | None]]:
    if isinstance(shape, Label):
        weight = {"font-weight": "600"} if shape.bold else {}
        place = {"x": _number(shape.x), "y": _number(shape.y), "font-size": _number(shape.size)}
        yield "text", {**place, "fill": shape.colour, **weight}, shape.text
    elif isinstance(shape, Box):
        names = ("x", "y", "width", "height")
        attributes = {name: _number(getattr(shape, name)) for name in names}
        dashes = {"stroke-dasharray": "6 4"} if shape.dashed else {}
        look = {"rx": _number(shape.radius), "fill": shape.fill, "stroke": shape.stroke}
        thick = {"stroke-width": _number(shape.stroke_width)} if shape.stroke_width != 1 else {}
        yield "rect", {**attributes, **look, **dashes, **thick}, None
    else:
        points = " ".join(f"{_number(x)},{_number(y)}" for x, y in shape.points)
        yield (
            "polyline",
            {
                "points": points,
                "fill": "none",
                "stroke": shape.colour,
                "stroke-width": "1.5",
                "stroke-linejoin": "round",
            },
            None,
        )
        if shape.arrow != "none":
            yield "polygon", {"points": _head(shape), "fill": shape.colour}, None


def _head(line: Line) -> str:
    (x, y), size = line.points[-1], _ARROW_HEAD
    corners = {
        "right": [(x, y), (x - 1.6 * size, y - size), (x - 1.6 * size, y + size)],
        "left": [(x, y), (x + 1.6 * size, y - size), (x + 1.6 * size, y + size)],
        "down": [(x, y), (x - size, y - 1.6 * size), (x + size, y - 1.6 * size)],
    }[line.arrow]
    return " ".join(f"{_number(px)},{_number(py)}" for px, py in corners)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
