"""The bars of a cold start: their parts, their mark, and what is said about them."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from rich.console import Console

from tests.today import TODAY
from tokenfleet.json_document import plain
from tokenfleet.plan.ranges import exactly
from tokenfleet.plan.stack import Plan
from tokenfleet.plan.start.budget import ColdStart, NoticeMet
from tokenfleet.preview.report import ModelReport, Report, build_report
from tokenfleet.recording.recorded import Mode, Recording
from tokenfleet.views.drawing.charts.cold_start_bar import (
    Bar,
    BarPart,
    axis_seconds,
    cold_start_bars,
    every_bar,
    letter_seconds,
    letters,
    longest_stage,
    verdict,
)
from tokenfleet.views.pages.html import html
from tokenfleet.views.pages.markdown import markdown
from tokenfleet.views.screens.preview import show
from tokenfleet.views.starting import seconds_text

ReportOf = Callable[[str], Report]


def terminal(report: Report, width: int = 500) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        show(report, console)
    return capture.get()


def _every_bar(report: Report) -> list[Bar]:
    return [bar for model in report.models for bar in every_bar(model.plan)]


def _bar(*seconds: float) -> Bar:
    parts = [
        BarPart(stage=name, letter=name[0], seconds=each)
        for name, each in zip(("boot", "load"), seconds, strict=False)
    ]
    return Bar(title="expected", parts=parts, seconds=sum(seconds))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_three_bars_last_as_long_as_the_range_says(stack: str, report_of: ReportOf) -> None:
    for model in report_of(stack).models:
        ready = model.plan.cold_start.until_ready
        ends = [ready.low, ready.expected, ready.high]
        bars = cold_start_bars(model.plan.cold_start)
        assert [bar.seconds for bar in bars] == pytest.approx(ends)
        assert [sum(part.seconds for part in bar.parts) for bar in bars] == pytest.approx(ends)


# Letters of 10 s before the mark, and how many come after it.
@pytest.mark.parametrize(
    ("seconds", "room", "after"),
    [(111, 1, 0), (118, 0, 0), (120, 0, 0), (121, 0, 1), (124, 0, 1), (140, 0, 2)],
)
def test_a_late_start_passes_the_mark_and_no_other_does(
    seconds: float, room: int, after: int
) -> None:
    before, _, late = letters(_bar(60, seconds - 60), 10, 70).partition("|")
    assert (before[:6], len(before), before.count("."), len(late)) == ("bbbbbb", 12, room, after)


def test_a_bar_longer_than_its_room_says_that_it_is_cut() -> None:
    drawn = letters(_bar(100, 5000), 10, 40)
    assert len(drawn.replace("|", "")) == 40
    assert drawn.endswith(">")


@pytest.mark.parametrize("seconds", [119, 120, 868, 3600, 8000, 80_000])
@pytest.mark.parametrize("room", [1, 20, 58, 70])
def test_a_letter_stands_for_as_little_as_there_is_room_for(seconds: float, room: int) -> None:
    step = letter_seconds(axis_seconds([_bar(seconds)]), room)
    assert 120 % step == 0
    drawn = letters(_bar(seconds), step, room)
    assert len(drawn) <= max(room, 120 // step) + 1
    assert (">" in drawn) == (seconds > 120 * room)


@pytest.mark.parametrize(
    ("met", "said"),
    [
        ("always", "within the 55 s that the drain leaves of a spot notice, even at worst"),
        ("expected", "within the 55 s that the drain leaves of a spot notice, at worst late"),
        (
            "at best",
            "30 s late for the 55 s that the drain leaves of a spot notice, at best in time",
        ),
        (
            "never",
            "30 s late for the 55 s that the drain leaves of a spot notice, late even at best",
        ),
        (None, "pool graviton4 has no spot tier"),
    ],
)
def test_the_notice_is_judged_with_the_range(
    met: NoticeMet | None, said: str, report_of: ReportOf
) -> None:
    model = report_of("dev").models[0]
    found = model.plan.notice
    assert found
    notice = met and replace(found, met=met, late_seconds=exactly(30))
    model = replace(model, plan=replace(model.plan, notice=notice))
    assert said in verdict(model)


def _sayings(model: ModelReport) -> list[str]:
    start = model.plan.cold_start
    return [verdict(model), longest_stage(start), start.instance_type]


@pytest.mark.parametrize("render", [markdown, html, terminal])
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_rendering_shows_stages_ends_verdict_and_that_it_is_a_prediction(
    render: Callable[[Report], str], stack: str, report_of: ReportOf
) -> None:
    report = report_of(stack)
    text = unescape(render(report))
    for model in report.models:
        start: ColdStart = model.plan.cold_start
        assert [part for part in _sayings(model) if part not in text] == []
        assert [name for name in start.stages if name not in text] == []
        assert [
            bar.title for bar in cold_start_bars(start) if f"{bar.seconds:,.0f}" not in text
        ] == []
    assert "never measured on these machines" in " ".join(text.split())


@pytest.mark.parametrize("render", [html, terminal])
def test_every_stage_shows_its_range(render: Callable[[Report], str], report_of: ReportOf) -> None:
    text = render(report_of("prod"))
    for model in report_of("prod").models:
        for stage in model.plan.cold_start.stages.values():
            assert seconds_text(stage.seconds) in text


def test_markdown_has_a_row_for_every_stage(report_of: ReportOf) -> None:
    text = markdown(report_of("prod"))
    for model in report_of("prod").models:
        for name, stage in model.plan.cold_start.stages.items():
            low, high = stage.seconds.low, stage.seconds.high
            row = f"| {name} | {low:,.0f} | {stage.seconds.expected:,.0f} | {high:,.0f} |"
            assert row in text


@pytest.mark.parametrize("render", [markdown, terminal])
def test_text_shows_every_bar_on_one_axis(
    render: Callable[[Report], str], report_of: ReportOf
) -> None:
    report = report_of("prod")
    text, bars = render(report), _every_bar(report)
    step = letter_seconds(axis_seconds(bars), 70)
    for bar in bars:
        drawn = re.escape(letters(bar, step, 70))
        assert re.search(rf"{bar.title} +{drawn} ", text), bar.title


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_bar_is_wider_than_the_terminal(width: int, report_of: ReportOf) -> None:
    lines = terminal(report_of("prod"), width).splitlines()
    bars = [line.rstrip() for line in lines if line.strip().startswith(("at best ", "at worst "))]
    assert len(bars) == 6
    assert all(bar.endswith(" s") and len(bar) <= width for bar in bars)


def test_the_page_marks_the_notice_on_every_bar(report_of: ReportOf) -> None:
    report = report_of("prod")
    bars = _every_bar(report)
    left = f"{100 * 120 / max(bar.seconds for bar in bars):.2f}"
    assert html(report).count(f'class="notice" style="left:{left}%"') == len(bars) > 9


def test_the_page_has_a_colour_for_every_stage(report_of: ReportOf) -> None:
    text = html(report_of("prod"))
    for stage in report_of("prod").models[0].plan.cold_start.stages:
        name = stage.replace(" ", "-")
        assert f"\n.{name} {{ background: var(--{name}); }}" in text
        # Once for light, once for dark.
        assert text.count(f"--{name}: #") == 2


@pytest.mark.parametrize(("tier", "has_notice"), [("spot", True), ("on-demand", False)])
def test_only_a_pool_with_spot_has_a_notice_to_meet(
    tier: str,
    has_notice: bool,  # noqa: FBT001 - a column of the table
    keys_of: Callable[[str], dict[str, Any]],
    plan_of: Callable[[Mapping[str, object]], Plan],
    recording_of: Callable[[Mapping[str, Any], Mode], Recording],
) -> None:
    keys = keys_of("dev")
    keys["pools"]["graviton4"]["tiers"] = {tier: {"max": 3}}
    report = build_report(plan_of(keys), recording_of(keys, "deployment"), today=TODAY)
    (model,) = report.models
    assert bool(model.plan.notice) == has_notice
    assert ("has no spot tier" in verdict(model)) == (not has_notice)


def test_json_holds_every_stage_with_range_limit_and_sources(report_of: ReportOf) -> None:
    report = json.loads(json.dumps(plain(report_of("prod"))))
    for model in report["models"]:
        start, notice = model["plan"]["coldStart"], model["plan"]["notice"]
        for name in ("before", "boot", "join", "image", "weights", "together", "load", "warmUp"):
            stage = start[name]
            assert stage["seconds"]["low"] <= stage["seconds"]["expected"]
            assert stage["limitedBy"]
            assert stage["sources"]
        parts = ("before", "boot", "together", "load", "warmUp")
        for end in ("low", "expected", "high"):
            whole = sum(start[name]["seconds"][end] for name in parts)
            assert start["untilReady"][end] == pytest.approx(whole)
        assert notice["noticeSeconds"] == 120
        late = start["total"]["expected"] + 15 - notice["servesSeconds"]
        assert notice["lateSeconds"]["expected"] == pytest.approx(max(0, late))
