"""One square of predicted against measured, on logarithmic axes, as SVG."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tokenfleet.estimate.quantiles import Quantiles

SIDE = 280.0
LEFT, TOP, RIGHT, BOTTOM = 58.0, 44.0, 14.0, 46.0
WIDTH, HEIGHT = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM
INK, QUIET, EDGE = "#0f172a", "#526075", "#dbe2ea"
_MARGIN = 1.15
# Closer ticks than these would write over each other.
_MOST_TICKS = 7
_STEPS = ((1, 2, 5), (1, 3), (1,))


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A run: what was measured, what was predicted, and in which colour."""

    name: str
    measured: float
    predicted: Quantiles
    colour: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A title, the unit of both axes, dots, and what their colours mean."""

    title: str
    unit: str
    dots: Sequence[Dot]
    colours: Sequence[tuple[str, str]] = ()

    def drawn(self) -> ET.Element:
        """A group whose corner is at 0, 0: on the diagonal the prediction is right."""
        axes = _Axes.around(self.dots)
        group = ET.Element("g")
        for tick in axes.ticks():
            x, y = axes.x(tick), axes.y(tick)
            _line(group, (x, TOP), (x, TOP + SIDE), EDGE)
            _line(group, (LEFT, y), (LEFT + SIDE, y), EDGE)
            text(group, x, TOP + SIDE + 16, f"{tick:,.10g}", size=11)
            text(group, LEFT - 6, y + 4, f"{tick:,.10g}", size=11, anchor="end")
        _line(group, (LEFT, TOP + SIDE), (LEFT + SIDE, TOP), QUIET)
        text(group, LEFT, 18, self.title, size=13, colour=INK, anchor="start")
        text(group, LEFT, TOP - 8, "predicted, p10 to p90", size=11, anchor="start")
        text(group, LEFT + SIDE / 2, TOP + SIDE + 36, f"measured, {self.unit}", size=11)
        for dot in self.dots:
            _mark(group, axes, dot)
        for number, (name, colour) in enumerate(self.colours):
            y = TOP + 18 + 17 * number
            ET.SubElement(
                group, "circle", cx=f"{LEFT + 14:g}", cy=f"{y - 4:g}", r="3.5", fill=colour
            )
            text(group, LEFT + 24, y, name, size=11, anchor="start")
        return group


def text(
    parent: ET.Element,
    x: float,
    y: float,
    words: str,
    *,
    size: float = 12,
    colour: str = QUIET,
    anchor: str = "middle",
) -> None:
    """Words at a place."""
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": f"{size:g}"}
    ET.SubElement(parent, "text", {**place, "fill": colour, "text-anchor": anchor}).text = words


@dataclass(frozen=True, kw_only=True)
class _Axes:
    """Logarithmic, from ``least`` to ``most`` in both directions."""

    least: float
    most: float

    @classmethod
    def around(cls, dots: Sequence[Dot]) -> "_Axes":
        values = [
            value for dot in dots for value in (dot.measured, dot.predicted.p10, dot.predicted.p90)
        ]
        return cls(least=min(values) / _MARGIN, most=max(values) * _MARGIN)

    def x(self, value: float) -> float:
        return LEFT + SIDE * self._along(value)

    def y(self, value: float) -> float:
        return TOP + SIDE * (1 - self._along(value))

    def ticks(self) -> Sequence[float]:
        """As many round numbers as there is room for."""
        choices = (list(self._round(steps)) for steps in _STEPS)
        choices = [ticks for ticks in choices if ticks]
        fitting = (ticks for ticks in choices if len(ticks) <= _MOST_TICKS)
        return next(fitting, choices[-1] if choices else [])

    def _round(self, steps: Sequence[int]) -> Iterator[float]:
        for power in range(math.floor(math.log10(self.least)), math.ceil(math.log10(self.most))):
            yield from (
                step * 10.0**power
                for step in steps
                if self.least <= step * 10.0**power <= self.most
            )

    def _along(self, value: float) -> float:
        """Share of the axis at a value."""
        return math.log(value / self.least) / math.log(self.most / self.least)


def _mark(parent: ET.Element, axes: _Axes, dot: Dot) -> None:
    x, found = axes.x(dot.measured), dot.predicted
    _line(parent, (x, axes.y(found.p10)), (x, axes.y(found.p90)), dot.colour)
    mark = ET.SubElement(parent, "circle", cx=f"{x:.1f}", cy=f"{axes.y(found.p50):.1f}", r="3")
    mark.set("fill", dot.colour)
    said = f"{dot.name}: measured {dot.measured:,.3g}, predicted {found.p50:,.3g}"
    ET.SubElement(mark, "title").text = said


def _line(
    parent: ET.Element, start: tuple[float, float], end: tuple[float, float], colour: str
) -> None:
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    places = {name: f"{value:.1f}" for name, value in ends.items()}
    ET.SubElement(parent, "line", {**places, "stroke": colour})
