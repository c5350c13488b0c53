"""What policies reach on spot as SVG: availability over cost, and how far care moves ours."""

import math
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from tokenfleet.capacity.forecast import OURS, ModelForecast
from tokenfleet.capacity.months import Months
from tokenfleet.views.drawing.charts.chart import (
    INK,
    QUIET,
    WIDTH,
    line,
    page,
    points,
    text,
    written,
)
from tokenfleet.written_files import write_files

_OURS = "#4f46e5"
_LEFT, _RIGHT, _TOP, _BOTTOM, _HEIGHT = 84.0, 24.0, 56.0, 56.0, 380.0
# Between baselines of labels that would lie upon each other.
_LINE = 15.0
_LETTER = 7.0
# Nines: an availability of 1 is drawn where this much would be missing.
_LEAST_MISSING = 1e-5
_SHARES = (0.9, 0.99, 0.999, 0.9999)
_MARGIN = 0.05


def write_plots(folder: Path, found: Sequence[ModelForecast]) -> None:
    """Write ``MODEL-on-spot.svg`` of every model.

    Raises:
        OSError: when the folder cannot be written.
    """
    write_files(folder, {f"{each.question.model}-on-spot.svg": spot_svg(each) for each in found})


def spot_svg(found: ModelForecast) -> str:
    """Every policy a dot, ours a line over care: further left is cheaper, higher is steadier."""
    asked = found.question
    svg = page(
        _TOP + _HEIGHT + _BOTTOM, f"{asked.model}: {asked.replicas} on spot, cost and availability"
    )
    others = [row for row in found.policies if row.policy != OURS]
    axes = _Axes([*others, *found.frontier])
    axes.draw(svg, found.floor)
    path = [axes.at(row) for row in found.frontier]
    attributes = {"fill": "none", "stroke": _OURS, "stroke-width": "2"}
    ET.SubElement(svg, "polyline", {"points": points(path), **attributes})
    labels = _Labels(svg)
    care_by_place = {
        at: row.care for at, row in reversed(list(zip(path, found.frontier, strict=True)))
    }
    alike = len(care_by_place) == 1
    for at, care in sorted(care_by_place.items()):
        labels.dot(at, OURS if alike else f"care {care:g}", _OURS)
    for row in others:
        labels.dot(axes.at(row), row.policy, INK)
    return written(svg)


class _Axes:
    """Cost from left to right, the time without a replica upwards, by powers of ten."""

    def __init__(self, rows: Sequence[Months]) -> None:
        costs = [row.cost.expected for row in rows]
        self._most = max(1.0, *costs) * (1 + _MARGIN)
        worst = max(1 - row.availability.expected for row in rows)
        self._missing = (math.log(_LEAST_MISSING), math.log(min(1.0, max(0.2, worst * 1.5))))

    def x(self, cost: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * cost / self._most

    def y(self, availability: float) -> float:
        least, most = self._missing
        missing = math.log(max(_LEAST_MISSING, 1 - availability))
        return _TOP + _HEIGHT * (missing - least) / (most - least)

    def at(self, row: Months) -> tuple[float, float]:
        return self.x(row.cost.expected), self.y(row.availability.expected)

    def draw(self, svg: ET.Element, floor: float) -> None:
        bottom, right = _TOP + _HEIGHT, WIDTH - _RIGHT
        for tenth in range(0, int(self._most * 10) + 1, 2):
            x = self.x(tenth / 10)
            line(svg, (x, _TOP), (x, bottom))
            text(svg, x, bottom + 18, f"{tenth / 10:.1f}", anchor="middle", quiet=True)
        for share in (*_SHARES, 1.0):
            y = self.y(share)
            line(svg, (_LEFT, y), (right, y))
            text(svg, _LEFT - 8, y + 4, f"{share * 100:g}%", anchor="end", quiet=True)
        x = self.x(floor)
        attributes = {"x1": x, "y1": _TOP, "x2": x, "y2": bottom}
        places = {name: f"{place:.1f}" for name, place in attributes.items()}
        ET.SubElement(svg, "line", {**places, "stroke": QUIET, "stroke-dasharray": "4 4"})
        text(svg, x - 6, bottom - 8, "least possible", anchor="end", quiet=True)
        text(svg, (_LEFT + right) / 2, bottom + 42, "cost, of on demand alone", anchor="middle")
        text(svg, 16, _TOP - 10, "share of time with every replica", quiet=True)


class _Labels:
    """Dots with a word each, which moves down where another one is."""

    def __init__(self, svg: ET.Element) -> None:
        self._svg = svg
        self._taken: list[tuple[float, float, float]] = []

    def dot(self, at: tuple[float, float], word: str, colour: str) -> None:
        x, y = at
        place = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "5", "fill": colour}
        ET.SubElement(self._svg, "circle", place)
        width = _LETTER * len(word)
        fits = x + 10 + width < WIDTH
        begin = x + 10 if fits else x - 10 - width
        baseline = y + 4
        while any(
            abs(baseline - other) < _LINE and begin < right and left < begin + width
            for left, right, other in self._taken
        ):
            baseline += _LINE
        self._taken.append((begin, begin + width, baseline))
        anchor = "start" if fits else "end"
        text(self._svg, x + (10 if fits else -10), baseline, word, anchor=anchor, colour=colour)
