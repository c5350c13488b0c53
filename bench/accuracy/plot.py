"""Predicted against measured, as SVG."""

import math
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from bench.accuracy.comparison import Judged

_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_SIDE, _LEFT, _TOP, _RIGHT, _BOTTOM = 520.0, 72.0, 64.0, 24.0, 56.0
_COLOURS = {"idle": "#0d9488", "knee": "#b45309", "saturated": "#4f46e5"}
_INK, _QUIET, _EDGE = "#0f172a", "#526075", "#dbe2ea"
_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


def scatter(judged: Sequence[Judged], title: str) -> str:
    """$/Mtok of every run, p10 to p90 as a bar; on the diagonal the prediction is right."""
    values = [row.run.usd_per_mtok for row in judged]
    values += [
        edge
        for row in judged
        for edge in (row.prediction.usd_per_mtok.p10, row.prediction.usd_per_mtok.p90)
    ]
    plot = _Plot(least=min(values) / 1.15, most=max(values) * 1.15)
    svg = plot.frame(title)
    for row in judged:
        plot.mark(svg, row)
    for number, (regime, colour) in enumerate(_COLOURS.items()):
        y = _TOP + 22 + 20 * number
        ET.SubElement(svg, "circle", cx=f"{_LEFT + 18}", cy=f"{y - 4}", r="4", fill=colour)
        _text(svg, _LEFT + 30, y, regime, anchor="start")
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


class _Plot:
    """Logarithmic axes from ``least`` to ``most`` in both directions."""

    def __init__(self, *, least: float, most: float) -> None:
        self._least, self._most = math.log(least), math.log(most)

    def along(self, value: float) -> float:
        """Share of the axis at a value."""
        return (math.log(value) - self._least) / (self._most - self._least)

    def x(self, value: float) -> float:
        return _LEFT + _SIDE * self.along(value)

    def y(self, value: float) -> float:
        return _TOP + _SIDE * (1 - self.along(value))

    def ticks(self) -> Iterator[float]:
        yield from (tick for tick in _TICKS if 0 < self.along(tick) < 1)

    def frame(self, title: str) -> ET.Element:
        """Axes, grid, diagonal and words."""
        width, height = _LEFT + _SIDE + _RIGHT, _TOP + _SIDE + _BOTTOM
        svg = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {width:g} {height:g}",
                "width": f"{width:g}",
                "height": f"{height:g}",
                "role": "img",
                "font-family": _FONTS,
            },
        )
        ET.SubElement(svg, "title").text = title
        ET.SubElement(svg, "rect", width=f"{width:g}", height=f"{height:g}", fill="#ffffff")
        _text(svg, _LEFT, 36, title, size=15, colour=_INK, anchor="start")
        for tick in self.ticks():
            at_x, at_y = f"{self.x(tick):.1f}", f"{self.y(tick):.1f}"
            top, bottom = f"{_TOP:g}", f"{_TOP + _SIDE:g}"
            _line(svg, (at_x, top), (at_x, bottom), _EDGE)
            _line(svg, (f"{_LEFT:g}", at_y), (f"{_LEFT + _SIDE:g}", at_y), _EDGE)
            _text(svg, self.x(tick), _TOP + _SIDE + 18, f"{tick:g}")
            _text(svg, _LEFT - 8, self.y(tick) + 4, f"{tick:g}", anchor="end")
        corner = (f"{_LEFT:g}", f"{_TOP + _SIDE:g}"), (f"{_LEFT + _SIDE:g}", f"{_TOP:g}")
        _line(svg, *corner, _QUIET)
        _text(svg, _LEFT + _SIDE / 2, _TOP + _SIDE + 42, "measured, US dollars per million tokens")
        _text(svg, _LEFT, _TOP - 10, "predicted, p10 to p90", anchor="start")
        return svg

    def mark(self, svg: ET.Element, row: Judged) -> None:
        """One run."""
        colour, found = _COLOURS[row.run.regime], row.prediction.usd_per_mtok
        x = f"{self.x(row.run.usd_per_mtok):.1f}"
        bar = (x, f"{self.y(found.p10):.1f}"), (x, f"{self.y(found.p90):.1f}")
        _line(svg, *bar, colour)
        dot = ET.SubElement(svg, "circle", cx=x, cy=f"{self.y(found.p50):.1f}", r="3.5")
        dot.set("fill", colour)
        said = f"{row.run.row_id}: measured {row.run.usd_per_mtok:.2f}, predicted {found.p50:.2f}"
        ET.SubElement(dot, "title").text = said


def _line(svg: ET.Element, start: tuple[str, str], end: tuple[str, str], colour: str) -> ET.Element:
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    return ET.SubElement(svg, "line", {**ends, "stroke": colour})


def _text(
    svg: ET.Element,
    x: float,
    y: float,
    words: str,
    *,
    size: float = 12,
    colour: str = _QUIET,
    anchor: str = "middle",
) -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": f"{size:g}"}
    ET.SubElement(svg, "text", {**place, "fill": colour, "text-anchor": anchor}).text = words
