"""The ways to start as SVG: a bar each, stage by stage, against the notice of a spot interruption."""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.start.budget import SPOT_NOTICE_SECONDS
from tokenfleet.views.drawing.charts.chart import PAPER, WIDTH, box, line, page, text, written
from tokenfleet.views.drawing.charts.cold_start_bar import Bar, way_bars

_COLOUR_BY_STAGE: Mapping[str, str] = {
    "launch": "#d6b4dc",
    "boot": "#94a3b8",
    "join": "#475569",
    "image pull": "#0ea5e9",
    "weights": "#6366f1",
    "engine load": "#0d9488",
    "warm-up": "#b45309",
}
_NOTICE = "#dc2626"
_LEFT, _RIGHT, _TOP, _BOTTOM = 190.0, 60.0, 74.0, 34.0
_ROW, _BAR, _GAP = 22.0, 14.0, 30.0
_GRID_SECONDS = 60


def start_svg(models: Sequence[ModelPlan]) -> str:
    """Every way of every model as expected; a way that its nodes cannot start has no bar.

    A bar that is longer than three notices is cut, and its seconds stand at its end.
    """
    rows = [(model, way_bars(model)) for model in models]
    longest = max(bar.seconds for _, bars in rows for bar in bars)
    axis = min(longest, 3.0 * SPOT_NOTICE_SECONDS)
    height = _TOP + _BOTTOM + sum(_GAP + _ROW * len(bars) for _, bars in rows)
    svg = page(height, "From a pod that finds no node to a replica that answers, as expected")
    scale = (WIDTH - _LEFT - _RIGHT) / axis
    _legend(svg)
    for seconds in range(0, int(axis) + 1, _GRID_SECONDS):
        x = _LEFT + seconds * scale
        line(svg, (x, _TOP), (x, height - _BOTTOM))
        text(svg, x, height - _BOTTOM + 18, f"{seconds} s", anchor="middle", quiet=True)
    notice = _LEFT + SPOT_NOTICE_SECONDS * scale
    box(svg, (notice, _TOP), (2, height - _TOP - _BOTTOM), _NOTICE)
    y = _TOP
    for model, bars in rows:
        y += _GAP
        text(svg, 16, y - 8, f"{model.name} on {model.pool}", bold=True)
        for bar in bars:
            _bar(svg, bar, y, scale, axis)
            y += _ROW
    return written(svg)


def _bar(svg: ET.Element, bar: Bar, y: float, scale: float, axis: float) -> None:
    text(svg, 28, y + _BAR - 3, bar.title, quiet=True)
    passed = 0.0
    for part in bar.parts:
        begin, passed = passed, passed + part.seconds
        if shown := min(axis, passed) - min(axis, begin):
            size = (shown * scale, _BAR)
            box(svg, (_LEFT + begin * scale, y), size, _COLOUR_BY_STAGE[part.stage])
    at, said = _LEFT + min(axis, bar.seconds) * scale + 6, f"{bar.seconds:,.0f} s"
    box(svg, (at - 3, y), (8.0 * len(said), _BAR), PAPER)
    text(svg, at, y + _BAR - 3, said)


def _legend(svg: ET.Element) -> None:
    x = 16.0
    for stage, colour in _COLOUR_BY_STAGE.items():
        box(svg, (x, 40), (12, 12), colour)
        text(svg, x + 18, 51, stage, quiet=True)
        x += 34 + 7 * len(stage)
    box(svg, (x, 40), (2, 12), _NOTICE)
    text(svg, x + 8, 51, f"{SPOT_NOTICE_SECONDS} s of a spot notice", quiet=True)
