"""Every run is a dot in the panel it belongs to."""

import dataclasses
from xml.etree import ElementTree as ET

import pytest

from bench.accuracy.judged.comparison import Judged
from bench.accuracy.outside import errors_by_class, other_runs
from bench.accuracy.prediction import predict
from bench.accuracy.runs import recorded_runs
from bench.accuracy.shown.panel import SIDE, Dot, Panel
from bench.accuracy.shown.plot import scatter
from tokenfleet.catalogue.machines.efficiencies import efficiencies
from tokenfleet.estimate.quantiles import known, log_normal

FOUND = efficiencies()


def dots(drawn: ET.Element) -> int:
    """Circles that say what they are."""
    return sum(mark.tag.endswith("circle") and len(mark) > 0 for mark in drawn.iter())


def test_the_plot_has_a_panel_for_prices_first_tokens_and_each_class() -> None:
    runs = recorded_runs()[:7]
    judged = [Judged(run=run, prediction=predict(run.query, FOUND["gpu"])) for run in runs]
    classes = errors_by_class(other_runs(), lambda _: FOUND)
    drawing = ET.fromstring(scatter(judged, classes, "some runs"))  # noqa: S314 - our own drawing
    panels = [group for group in drawing if group.tag.endswith("}g")]
    below = sum(run.offered < 0.9 * run.theta for run in runs)
    assert [dots(panel) for panel in panels] == [7, below, *(len(each.pairs) for each in classes)]
    assert len({panel.get("transform") for panel in panels}) == len(panels)
    words = [text.text or "" for text in drawing.iter() if text.tag.endswith("text")]
    assert all(any(word.startswith(each.name) for word in words) for each in classes)


def test_without_a_run_below_saturation_there_is_no_panel_of_first_tokens() -> None:
    (run, *_) = (run for run in recorded_runs() if run.regime == "saturated")
    judged = [Judged(run=run, prediction=predict(run.query, FOUND["gpu"]))]
    drawing = ET.fromstring(scatter(judged, [], "one run"))  # noqa: S314 - our own drawing
    assert sum(group.tag.endswith("}g") for group in drawing) == 1


@pytest.mark.parametrize(("least", "most"), [(2, 9), (0.1, 20), (3, 5000), (30, 31), (1e-3, 1e6)])
def test_axes_hold_every_bar_and_their_ticks_do_not_crowd(least: float, most: float) -> None:
    ends = [
        Dot(name="", measured=each, predicted=log_normal(each, 0.5), colour="#000000")
        for each in (least, most)
    ]
    right = dataclasses.replace(ends[0], measured=most, predicted=known(most))
    drawn = Panel(title="", unit="", dots=[*ends, right]).drawn()
    lines = list(drawn.iter("line"))
    places = [float(mark.get(name, "")) for mark in lines for name in ("x1", "x2", "y1", "y2")]
    assert min(places) > 0
    assert max(places) < SIDE + 60
    ticks = [text for text in drawn.iter("text") if text.get("text-anchor") == "end"]
    assert len(ticks) <= 10
    (diagonal,) = list(drawn.iter("circle"))[2:]
    x, y = float(diagonal.get("cx", "")), float(diagonal.get("cy", ""))
    # Where the prediction is right, as far right as it is high.
    assert x - 58 == pytest.approx(44 + SIDE - y, abs=0.2)
