"""Replicas that follow a load, as SVG: slots in use and slots that are there, over time."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from tokenfleet.elasticity.outcome import Moment, Outcome
from tokenfleet.elasticity.scene import Scene
from tokenfleet.views.drawing.charts.chart import (
    INK,
    QUIET,
    WIDTH,
    box,
    line,
    page,
    points,
    text,
    written,
)
from tokenfleet.written_files import write_files

_USED, _THERE, _REFUSED = "#0d9488", "#4f46e5", "#b91c1c"
_TOP, _HEIGHT, _LEFT, _RIGHT, _BOTTOM = 84.0, 260.0, 72.0, 24.0, 64.0
_TICKS, _HOUR = 4, 3600
_MOST_HOURS_NAMED = 12


def write_plot(folder: Path, asked: Scene, found: Outcome) -> None:
    """Write ``MODEL-elasticity.svg``.

    Raises:
        OSError: when the folder cannot be written.
    """
    write_files(folder, {f"{asked.model}-elasticity.svg": elasticity_svg(asked, found)})


def elasticity_svg(asked: Scene, found: Outcome) -> str:
    """Requests in flight an area, slots that serve a line, and marks where requests were refused."""
    title = (
        f"{asked.model}: {found.within:.1%} in time, {found.shed:.2%} shed,"
        f" {found.replica_hours:,.0f} replica-hours"
    )
    svg = page(_TOP + _HEIGHT + _BOTTOM, title)
    text(svg, 16, 48, f"requests; a replica has {asked.replica.slots} slots", quiet=True)
    course = found.course
    _axes(svg, course)
    places = _Places(course)
    area = [places.at(0, 0.0), *places.line([each.in_flight for each in course])]
    area.append(places.at(len(course) - 1, 0.0))
    ET.SubElement(svg, "polygon", {"points": points(area), "fill": _USED, "fill-opacity": "0.35"})
    there = places.line([each.slots for each in course])
    attributes = {"fill": "none", "stroke": _THERE, "stroke-width": "2"}
    ET.SubElement(svg, "polyline", {"points": points(there), **attributes})
    for place, each in enumerate(course):
        if each.refused_per_second:
            x, _ = places.at(place, 0.0)
            box(svg, (x - 1, _TOP + _HEIGHT + 4), (2, 8), _REFUSED)
    legend = (
        (_USED, "in flight", 0),
        (_THERE, "slots that serve", 120),
        (_REFUSED, "some refused", 290),
    )
    for colour, words, right in legend:
        box(svg, (_LEFT + right, _TOP + _HEIGHT + 46), (10, 10), colour)
        text(svg, _LEFT + right + 16, _TOP + _HEIGHT + 55, words, colour=INK)
    return written(svg)


class _Places:
    """Where a moment and a number of requests lie."""

    def __init__(self, course: Sequence[Moment]) -> None:
        self._step = (WIDTH - _LEFT - _RIGHT) / max(1, len(course) - 1)
        self.most = max(1.0, *(max(each.in_flight, each.slots) for each in course))

    def at(self, place: int, requests: float) -> tuple[float, float]:
        return _LEFT + self._step * place, _TOP + _HEIGHT * (1 - requests / self.most)

    def line(self, figures: Sequence[float]) -> list[tuple[float, float]]:
        return [self.at(place, figure) for place, figure in enumerate(figures)]


def _axes(svg: ET.Element, course: Sequence[Moment]) -> None:
    places = _Places(course)
    for tick in range(_TICKS + 1):
        requests = places.most * tick / _TICKS
        _, y = places.at(0, requests)
        line(svg, (_LEFT, y), (WIDTH - _RIGHT, y))
        text(svg, _LEFT - 8, y + 4, f"{requests:,.0f}", anchor="end", quiet=True)
    hours = course[-1].second / _HOUR
    step = max(1, round(hours / _MOST_HOURS_NAMED))
    for hour in range(0, int(hours) + 1, step):
        x = _LEFT + (WIDTH - _LEFT - _RIGHT) * hour / max(hours, 1e-9)
        text(svg, x, _TOP + _HEIGHT + 28, f"{hour} h", anchor="middle", quiet=True)
    text(svg, WIDTH - _RIGHT, _TOP - 10, "hours from the start", anchor="end", colour=QUIET)
