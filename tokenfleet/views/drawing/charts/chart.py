"""What every chart is made of, as SVG."""

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

WIDTH = 760.0
INK, QUIET = "#0f172a", "#526075"
# Whatever sans-serif the reader has: a font that is loaded would need the network.
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
PAPER = "#ffffff"
_EDGE = "#dbe2ea"


def page(height: float, title: str) -> ET.Element:
    """A page that wide, with its title."""
    svg = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH:g} {height:g}",
            "width": f"{WIDTH:g}",
            "height": f"{height:g}",
            "font-family": _FONTS,
            "font-size": "13",
            "role": "img",
        },
    )
    ET.SubElement(svg, "title").text = title
    box(svg, (0, 0), (WIDTH, height), PAPER)
    text(svg, 16, 26, title, bold=True)
    return svg


def box(svg: ET.Element, at: tuple[float, float], size: tuple[float, float], fill: str) -> None:
    """A filled rectangle."""
    ET.SubElement(
        svg,
        "rect",
        x=f"{at[0]:.1f}",
        y=f"{at[1]:.1f}",
        width=f"{size[0]:.1f}",
        height=f"{size[1]:.1f}",
        fill=fill,
    )


def line(svg: ET.Element, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """A thin line of a grid."""
    places = {"x1": begin[0], "y1": begin[1], "x2": end[0], "y2": end[1]}
    written = {name: f"{place:.1f}" for name, place in places.items()}
    ET.SubElement(svg, "line", {**written, "stroke": _EDGE})


def text(
    svg: ET.Element,
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    bold: bool = False,
    quiet: bool = False,
    colour: str = INK,
) -> None:
    """Words at a place."""
    attributes = {
        "x": f"{x:.1f}",
        "y": f"{y:.1f}",
        "fill": QUIET if quiet else colour,
        "text-anchor": anchor,
    }
    if bold:
        attributes["font-weight"] = "600"
    ET.SubElement(svg, "text", attributes).text = text


def points(places: Sequence[tuple[float, float]]) -> str:
    """Places as the attribute of a line."""
    return " ".join(_pairs(places))


def _pairs(places: Sequence[tuple[float, float]]) -> Iterator[str]:
    for x, y in places:
        yield f"{x:.1f},{y:.1f}"


def written(svg: ET.Element) -> str:
    """The picture as a file."""
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"
