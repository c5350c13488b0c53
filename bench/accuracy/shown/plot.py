"""Predicted against measured, as SVG: a panel for prices, for late first tokens, and for each class."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from bench.accuracy.judged.comparison import Judged
from bench.accuracy.judged.first_tokens import BELOW
from bench.accuracy.outside import GRAVITON4, INFERENTIA2, OTHER_ENGINE, ClassErrors
from bench.accuracy.shown import panel
from bench.accuracy.shown.panel import Dot, Panel

_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_COLOURS = {"idle": "#0d9488", "knee": "#b45309", "saturated": "#4f46e5"}
_OTHERS = "#be185d"
_COLUMNS, _TITLE = 3, 44.0


_LEFT_OUT = {
    OTHER_ENGINE: ", times their mean ratio",
    GRAVITON4: ", model left out",
    INFERENTIA2: ", ranks left out",
}


def scatter(judged: Sequence[Judged], outside: Sequence[ClassErrors], title: str) -> str:
    """Every run as a dot, p10 to p90 as a bar; on the diagonal the prediction is right."""
    panels = [_prices(judged), *_late(judged), *map(_class, outside)]
    rows = -(-len(panels) // _COLUMNS)
    width, height = panel.WIDTH * min(_COLUMNS, len(panels)), _TITLE + panel.HEIGHT * rows
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
    panel.text(svg, panel.LEFT, 28, title, size=16, colour=panel.INK, anchor="start")
    for number, each in enumerate(panels):
        row, column = divmod(number, _COLUMNS)
        group = each.drawn()
        group.set(
            "transform", f"translate({panel.WIDTH * column:g} {_TITLE + panel.HEIGHT * row:g})"
        )
        svg.append(group)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _prices(judged: Sequence[Judged]) -> Panel:
    return Panel(
        title=f"Price of {len(judged)} runs, configuration left out",
        unit="US dollars per million tokens",
        dots=[
            Dot(
                name=row.run.row_id,
                measured=row.run.usd_per_mtok,
                predicted=row.prediction.usd_per_mtok,
                colour=_COLOURS[row.run.regime],
            )
            for row in judged
        ],
        colours=list(_COLOURS.items()),
    )


def _late(judged: Sequence[Judged]) -> Sequence[Panel]:
    """No panel where no run has little enough load."""
    below = [row for row in judged if row.run.offered < BELOW * row.run.theta]
    dots = [
        Dot(
            name=row.run.row_id,
            measured=row.run.ttft_p99 * 1000,
            predicted=row.prediction.ttft_p99 * 1000,
            colour=_COLOURS[row.run.regime],
        )
        for row in below
    ]
    title = f"First token, p99, below {BELOW:.0%} load"
    return [Panel(title=title, unit="milliseconds", dots=dots)] if dots else []


def _class(found: ClassErrors) -> Panel:
    ratios = _LEFT_OUT.get(found.name, ", class left out")
    return Panel(
        title=found.name + ratios,
        unit="tokens per second",
        dots=[
            Dot(name=pair.run.name, measured=speed, predicted=pair.speed, colour=_OTHERS)
            for pair in found.pairs
            if (speed := pair.run.speed)
        ],
    )
