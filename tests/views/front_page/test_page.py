"""The first page: its facts are those of the bill, and every report shows all of them."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.today import TODAY
from tests.views.pages import Page, stretched
from tokenfleet.economics.bill.lines import Bill
from tokenfleet.economics.judgement.verdict import Verdict
from tokenfleet.plan.decide import decide
from tokenfleet.policies.finding import Finding
from tokenfleet.preview.origin import Commit, Origin
from tokenfleet.preview.report import Report, build_report
from tokenfleet.preview.unpriced import Unpriced
from tokenfleet.project import PROJECT
from tokenfleet.recording.configured import Configured
from tokenfleet.recording.recorder import record
from tokenfleet.views.front_page.facts import Fact, FrontPage, Passage
from tokenfleet.views.front_page.page import front_page
from tokenfleet.views.money import usd
from tokenfleet.views.pages.html import html
from tokenfleet.views.pages.markdown import markdown, text

ReportOf = Callable[..., Report]
Keys = dict[str, Any]
HASH = "0123456789abcdef0123456789abcdef01234567"
ORIGIN = Origin(day=TODAY, commit=Commit(hash=HASH, changed=True))
STACKS = pytest.mark.parametrize("stack", ["dev", "prod"])


def passage(page: FrontPage, name: str) -> Passage:
    (found,) = (each for each in page.passages if each.name == name)
    return found


def fact(facts: FrontPage | Passage, what: str) -> Fact:
    every = facts.headline if isinstance(facts, FrontPage) else facts.facts
    (found,) = (each for each in every if what in each.what)
    return found


def a_month(bill: Bill) -> float:
    return sum(line.usd_per_month or 0 for line in bill.lines)


def the_month(report: Report) -> str:
    return usd(a_month(report.cost.bill.expected))


def ten_hours_of_730(report: Report) -> str:
    return usd(a_month(report.cost.floor.expected) * 10 / 730)


def of_the_budget(report: Report) -> str:
    (budget,) = report.plan.budgets
    return f"{100 * a_month(report.cost.bill.expected) / budget.monthly_usd:.0f}%"


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("a month for the declared load", the_month),
        ("of the budget", of_the_budget),
        ("a night of 10 hours", ten_hours_of_730),
    ],
)
@STACKS
def test_the_headline_is_added_up_from_the_lines_of_the_bill(
    what: str, expected: Callable[[Report], str], stack: str, report_of: ReportOf
) -> None:
    report = report_of(stack)
    assert fact(front_page(report, ORIGIN), what).figure == expected(report)


@STACKS
def test_causes_over_all_models_are_those_of_the_bill_and_the_dearest_come_first(
    stack: str, report_of: ReportOf
) -> None:
    report = report_of(stack)
    bill: Mapping[str, float] = {**report.cost.bill.expected.usd_per_hour_by_cause}
    nodes = bill["nodes"] + bill.get("idle", 0.0)
    amounts = {
        each.what.partition(":")[0]: float(each.figure.replace("$", "").replace(",", ""))
        for each in passage(front_page(report, ORIGIN), "causes").facts
    }
    assert len(amounts) == 3
    assert list(amounts.values()) == sorted(amounts.values(), reverse=True)
    for cause in amounts.keys() & {"fallback", "overhead"}:
        assert amounts[cause] == pytest.approx(bill[cause] * 730, abs=0.01)
    assert sum(amounts.get(part, 0.0) for part in ("work", "idle")) <= nodes * 730 + 0.01


@pytest.mark.parametrize(
    ("edit", "night_moves"),
    [
        ({"traffic": {"requestsPerSecond": 0.6}}, False),
        ({"replicas": {"min": 2}}, True),
    ],
    ids=["load", "fewest replicas"],
)
def test_a_night_costs_what_the_fewest_replicas_do_whatever_the_load_by_day(
    edit: Mapping[str, Mapping[str, float]],
    *,
    night_moves: bool,
    keys_of: Callable[[str], Keys],
    root: Path,
    report_of: ReportOf,
) -> None:
    keys = keys_of("dev")
    for section, values in edit.items():
        keys["models"]["qwen3-4b"][section].update(values)
    recording = record(root, PROJECT, "dev", Configured(PROJECT, keys, []), "deployment")
    edited = build_report(decide(keys, "dev", root), recording, today=TODAY)
    before, after = (front_page(report, ORIGIN) for report in (report_of("dev"), edited))
    assert before.headline[0].figure != after.headline[0].figure
    moves = fact(before, "a night").figure != fact(after, "a night").figure
    assert moves == night_moves


@STACKS
def test_a_night_names_what_it_assumes(stack: str, report_of: ReportOf) -> None:
    said = passage(front_page(report_of(stack), ORIGIN), "nights").remark
    assert "replicas.min" in said
    assert "once nobody has asked for a while" in said


def as_it_is(report: Report) -> Report:
    return report


def with_a_gap(report: Report) -> Report:
    def unpriced(bill: Bill) -> Bill:
        first, *rest = bill.lines
        return replace(bill, lines=[replace(first, usd_per_unit=None, usd_per_hour=None), *rest])

    return replace(report, cost=replace(report.cost, bill=report.cost.bill.each(unpriced)))


def with_what_is_not_priced(report: Report) -> Report:
    strange = Unpriced(type="aws:lambda/function:Function", count=2, names=["one", "two"])
    return replace(report, unpriced=[strange])


def measured(report: Report) -> Report:
    models = [
        replace(model, most=replace(model.most, basis="measured")) for model in report.cost.models
    ]
    return replace(report, cost=replace(report.cost, models=models))


@pytest.mark.parametrize(
    ("day", "change", "what", "figure"),
    [
        (TODAY, as_it_is, "speed of qwen3-8b", "unverified"),
        (TODAY, as_it_is, "speed of gpt-oss-120b, qwen25-7b", "estimated"),
        (TODAY, measured, "speed of", None),
        (TODAY, as_it_is, "spot", "forecast"),
        (TODAY, as_it_is, "without a price", None),
        (TODAY, with_a_gap, "without a price", "1"),
        (TODAY, as_it_is, "not priced", None),
        (TODAY, with_what_is_not_priced, "not priced", "2"),
        (dt.date(2024, 1, 1), as_it_is, "older than 90 days", None),
        (dt.date(2040, 1, 1), as_it_is, "older than 90 days", "24"),
        (TODAY, as_it_is, "billed by use", "on top"),
    ],
)
def test_what_is_not_measured_is_said_where_it_is_so(
    day: dt.date,
    change: Callable[[Report], Report],
    what: str,
    figure: str | None,
    report_of: ReportOf,
) -> None:
    page = front_page(change(report_of("prod", day)), ORIGIN)
    found = [each.figure for each in passage(page, "unmeasured").facts if what in each.what]
    assert found == ([figure] if figure else [])


VERDICT = Verdict(judged="load", fails=False, place="models.x", problem="slow", way_out="wait")
FINDING = Finding(rule="tagged", resource="urn:pulumi:dev::x::y::bucket", problem="no tags")


@pytest.mark.parametrize(
    ("verdicts", "findings", "figure", "tone"),
    [
        ([], [], "no verdict", "good"),
        ([], [FINDING], "no verdict", "bad"),
        ([VERDICT], [], "1 verdict warns", "warning"),
        ([VERDICT], [FINDING], "1 verdict warns", "bad"),
        ([replace(VERDICT, fails=True), VERDICT], [], "1 verdict fails", "bad"),
        ([replace(VERDICT, fails=True)] * 2, [], "2 verdicts fail", "bad"),
    ],
)
def test_the_headline_says_whether_all_is_well(
    verdicts: list[Verdict], findings: list[Finding], figure: str, tone: str, report_of: ReportOf
) -> None:
    report = report_of("dev")
    report = replace(report, cost=replace(report.cost, verdicts=verdicts), findings=findings)
    last = front_page(report, ORIGIN).headline[-1]
    assert (last.figure, last.tone) == (figure, tone)
    assert ("1 rule broken" in last.what + last.detail) == bool(findings)


def test_a_stack_without_a_budget_says_so(report_of: ReportOf) -> None:
    report = report_of("dev")
    page = front_page(replace(report, plan=replace(report.plan, budgets=())), ORIGIN)
    assert fact(page, "budget").figure == "none set"


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (None, ""),
        (replace(ORIGIN, commit=None), "Made on 2026-11-21 (UTC), from no commit that is known"),
        (
            replace(ORIGIN, commit=Commit(hash=HASH, changed=False)),
            "Made on 2026-11-21 (UTC) from commit 0123456789ab",
        ),
        (
            ORIGIN,
            "Made on 2026-11-21 (UTC) from commit 0123456789ab, with changes not committed",
        ),
    ],
)
def test_the_page_says_when_and_from_which_commit_it_was_made(
    origin: Origin | None, said: str, report_of: ReportOf
) -> None:
    report = report_of("dev")
    assert front_page(report, origin).origin == said
    assert said in Page(html(report, origin)).text
    assert text(said) in markdown(report, origin)


def test_a_page_has_an_end_and_counts_what_it_leaves_out(report_of: ReportOf) -> None:
    page = front_page(stretched(report_of("prod"), models=9, verdicts=7), ORIGIN)
    expected: Mapping[str, tuple[int, str]] = {
        "prices": (6, "3 models more below"),
        "causes": (3, ""),
        "judged": (4, "3 verdicts more below"),
    }
    for name, (shown, more) in expected.items():
        found = passage(page, name)
        assert (len(found.facts), found.more) == (shown, more)


@STACKS
def test_every_report_shows_every_fact_before_anything_else(
    stack: str, report_of: ReportOf
) -> None:
    report = report_of(stack)
    page = front_page(report, ORIGIN)
    facts = [*page.headline, *(fact for each in page.passages for fact in each.facts)]
    said = [part for each in facts for part in (each.what, each.figure, each.detail)]
    said += [part for each in page.passages for part in (each.title, each.more, each.remark)]
    first_sheet = Page(html(report, ORIGIN)).text.partition("Before you deploy")[0]
    first_part = markdown(report, ORIGIN).partition("## Verdicts")[0]
    for part in said:
        assert part in first_sheet
        assert text(part) in first_part
