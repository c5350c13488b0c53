"""Two pictures of what a model costs, as SVG: why, and over load."""

import math
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.economics.model_cost import CurvePoint, ModelCost
from tokenfleet.economics.stack_cost import StackCost
from tokenfleet.economics.stack_day import StackDay
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
from tokenfleet.views.drawing.charts.day import day_svg
from tokenfleet.views.money import usd
from tokenfleet.views.tables.cost import CAUSES, causes_of
from tokenfleet.views.token_price import per_mtok
from tokenfleet.written_files import write_files

_WORK, _REST, _BAND, _LINE, _ALARM = "#0d9488", "#b45309", "#c7d2fe", "#4f46e5", "#b91c1c"
_LEFT, _RIGHT, _TOP = 280.0, 120.0, 56.0
_ROW, _BAR = 34.0, 20.0
_PLOT_HEIGHT, _AXIS_LEFT, _BOTTOM = 300.0, 84.0, 56.0
# Ticks of a logarithmic axis: 1, 2 and 5 of every power of ten.
_STEPS = (1, 2, 5)
_MOST_TICKS = 8


def write_pictures(folder: Path, cost: StackCost, day: StackDay | None) -> None:
    """Write ``MODEL-why.svg`` and ``MODEL-over-load.svg`` of every model that has a price.

    And ``day.svg``, where there is a day.

    Raises:
        OSError: when the folder cannot be written.
    """
    pictures: dict[str, str] = {}
    for model in cost.models:
        pictures[f"{model.name}-why.svg"] = why_svg(model)
        if model.curve:
            pictures[f"{model.name}-over-load.svg"] = load_svg(model)
    if day:
        pictures["day.svg"] = day_svg(day)
    write_files(folder, pictures)


def why_svg(cost: ModelCost) -> str:
    """A waterfall: every cause begins where the one before it ends."""
    causes = causes_of(cost.causes)
    total = cost.causes.total
    height = _TOP + _ROW * (len(causes) + 1) + 24
    svg = page(height, f"{cost.name}: {usd(total * HOURS_PER_MONTH)} a month, by cause")
    width = WIDTH - _LEFT - _RIGHT
    begin = 0.0
    for place, (key, amount) in enumerate(causes.items()):
        y = _TOP + _ROW * place
        share = amount / total if total else 0.0
        text(svg, _LEFT - 12, y + 15, CAUSES[key], anchor="end")
        x = _LEFT + width * begin
        box(svg, (x, y), (max(1.0, width * share), _BAR), _WORK if key == "work" else _REST)
        text(svg, x + width * share + 8, y + 15, f"{usd(amount * HOURS_PER_MONTH)} ({share:.0%})")
        begin += share
    y = _TOP + _ROW * len(causes)
    text(svg, _LEFT - 12, y + 15, "all of it", anchor="end", bold=True)
    box(svg, (_LEFT, y), (width, _BAR), QUIET)
    text(svg, _LEFT + width + 8, y + 15, usd(total * HOURS_PER_MONTH), bold=True)
    return written(svg)


def load_svg(cost: ModelCost) -> str:
    """The price of a million tokens over load, both logarithmic, with its range."""
    svg = page(
        _TOP + _PLOT_HEIGHT + _BOTTOM,
        f"{cost.name}: what a million tokens cost over load ({cost.most.basis})",
    )
    axes = _Axes(cost.curve)
    axes.draw(svg)
    upper = [axes.at(point, point.usd_per_mtok.p90) for point in cost.curve]
    lower = [axes.at(point, point.usd_per_mtok.p10) for point in cost.curve]
    ET.SubElement(svg, "polygon", points=points([*upper, *reversed(lower)]), fill=_BAND)
    middle = [axes.at(point, point.usd_per_mtok.p50) for point in cost.curve]
    attributes = {"fill": "none", "stroke": _LINE, "stroke-width": "2"}
    ET.SubElement(svg, "polyline", {"points": points(middle), **attributes})
    missing = [point.requests_per_second for point in cost.curve if point.promise_missed]
    growing = [point.requests_per_second for point in cost.curve if point.queue_grows]
    if missing and missing[0] not in growing:
        _upright(svg, axes.x(missing[0]), "promise missed", _REST, row=1)
    if growing:
        _upright(svg, axes.x(growing[0]), "queue grows", _ALARM, row=2)
    if cost.requests_per_second and cost.at_load:
        quote = cost.at_load
        x = axes.x(cost.requests_per_second)
        _upright(svg, x, f"your load: {per_mtok(quote.prices.blended)}", INK, row=0)
        y = axes.y(quote.prices.blended)
        ET.SubElement(svg, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="5", fill=INK)
    return written(svg)


class _Axes:
    """Logarithmic axes over a curve."""

    def __init__(self, curve: Sequence[CurvePoint]) -> None:
        loads = [point.requests_per_second for point in curve]
        lows = [point.usd_per_mtok.p10 for point in curve]
        highs = [point.usd_per_mtok.p90 for point in curve]
        self._load = (math.log(min(loads)), math.log(max(loads)))
        self._usd = (math.log(min(lows) / 1.1), math.log(max(highs) * 1.1))

    def x(self, load: float) -> float:
        least, most = self._load
        share = min(1.0, max(0.0, (math.log(load) - least) / (most - least)))
        return _AXIS_LEFT + (WIDTH - _AXIS_LEFT - 24) * share

    def y(self, price: float) -> float:
        least, most = self._usd
        return _TOP + _PLOT_HEIGHT * (1 - (math.log(price) - least) / (most - least))

    def at(self, point: CurvePoint, price: float) -> tuple[float, float]:
        return self.x(point.requests_per_second), self.y(price)

    def draw(self, svg: ET.Element) -> None:
        bottom = _TOP + _PLOT_HEIGHT
        for load in _ticks(*self._load):
            x = self.x(load)
            line(svg, (x, _TOP), (x, bottom))
            text(svg, x, bottom + 18, f"{load:g}", anchor="middle", quiet=True)
        for price in _ticks(*self._usd):
            y = self.y(price)
            line(svg, (_AXIS_LEFT, y), (WIDTH - 24, y))
            text(svg, _AXIS_LEFT - 8, y + 4, f"${price:g}", anchor="end", quiet=True)
        text(svg, (WIDTH + _AXIS_LEFT) / 2, bottom + 42, "requests a second", anchor="middle")
        text(svg, 16, _TOP - 10, "$ per million tokens, all alike (p10 to p90)", quiet=True)


def _ticks(least: float, most: float) -> Sequence[float]:
    """Round figures between two logarithms, thinned to what can be read."""
    powers = range(math.floor(least / math.log(10)), math.ceil(most / math.log(10)) + 1)
    every = [step * 10.0**power for power in powers for step in _STEPS]
    found = [tick for tick in every if least <= math.log(tick) <= most]
    if len(found) <= _MOST_TICKS:
        return found
    return [10.0**power for power in powers if least <= power * math.log(10) <= most]


def _upright(svg: ET.Element, x: float, label: str, colour: str, *, row: int) -> None:
    """A line at a load with its label, on the side where there is room."""
    bottom = _TOP + _PLOT_HEIGHT
    attributes = {"stroke": colour, "stroke-dasharray": "4 3"}
    places = {"x1": f"{x:.1f}", "y1": f"{_TOP:.1f}", "x2": f"{x:.1f}", "y2": f"{bottom:.1f}"}
    ET.SubElement(svg, "line", {**places, **attributes})
    is_right = x > WIDTH / 2
    anchor = "end" if is_right else "start"
    y = _TOP + 14 + 18 * row
    text(svg, x - 6 if is_right else x + 6, y, label, anchor=anchor, colour=colour)
