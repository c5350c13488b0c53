import copy
import datetime as dt
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest
from rich.console import Console

from tests.views.pages import Page
from tokenfleet.economics.bill.lines import Bill
from tokenfleet.economics.judgement.savings import Saving
from tokenfleet.json_document import plain
from tokenfleet.policies.finding import Finding
from tokenfleet.preview.report import Report
from tokenfleet.views.drawing.architecture.flowchart import flowchart
from tokenfleet.views.drawing.architecture.narrow import narrow_architecture_svg
from tokenfleet.views.drawing.architecture.wide import architecture_svg
from tokenfleet.views.drawing.charts.memory_bar import memory_parts
from tokenfleet.views.figures import unit_price
from tokenfleet.views.pages.html import html
from tokenfleet.views.pages.markdown import markdown
from tokenfleet.views.screens.preview import show
from tokenfleet.views.story import ALL_WELL

ReportOf = Callable[..., Report]
RENDERERS: list[Callable[[Report], str]] = [markdown, html, architecture_svg]
HOSTILE = "<img src=x onerror=alert(1)>|[a](b) `c` \"d\" 'e' &amp;"


def with_first_line_unpriced(report: Report) -> Report:
    def unpriced(bill: Bill) -> Bill:
        first, *rest = bill.lines
        return replace(bill, lines=[replace(first, usd_per_unit=None, usd_per_hour=None), *rest])

    return replace(report, cost=replace(report.cost, bill=report.cost.bill.each(unpriced)))


def with_model_named(report: Report, name: str) -> Report:
    first, *rest = report.models
    renamed = replace(first, plan=replace(first.plan, name=name))
    return replace(report, models=[renamed, *rest], notes=[name])


@pytest.mark.parametrize("render", RENDERERS)
def test_a_missing_price_is_named_never_zero(
    render: Callable[[Report], str], report_of: ReportOf
) -> None:
    report = report_of("dev")
    assert "1 line of unknown price" in render(with_first_line_unpriced(report))
    assert "unknown price" not in render(report)


def test_an_unpriced_line_shows_unknown_in_its_row(report_of: ReportOf) -> None:
    report = with_first_line_unpriced(report_of("dev"))
    line = report.billed[0]
    row = next(row for row in markdown(report).splitlines() if row.startswith(f"| {line.title}"))
    assert row.count("unknown") == 2
    assert "$0" not in row


def test_a_tier_whose_nodes_have_no_known_price_says_so(report_of: ReportOf) -> None:
    report = report_of("prod")
    system, pool, *rest = report.pools
    tier = replace(pool.tiers[0], hourly=replace(pool.tiers[0].hourly, least_usd=None))
    pools = [system, replace(pool, tiers=[tier]), *rest]
    assert f"unknown to ${tier.hourly.most_usd:,.2f}" in markdown(replace(report, pools=pools))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_report_gives_the_month_as_a_range(stack: str, report_of: ReportOf) -> None:
    report = report_of(stack)
    month = report.cost.bill.usd_per_month
    written = f"${month.expected:,.2f} (${month.low:,.2f} to ${month.high:,.2f})"
    for text in (markdown(report), html(report), architecture_svg(report), on_a_terminal(report)):
        assert written in text


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_report_says_what_to_expect_of_each_model_on_spot_and_what_the_bill_takes(
    stack: str, report_of: ReportOf
) -> None:
    report = report_of(stack)
    assert [each.question.model for each in report.cost.on_spot] == [
        model.plan.name for model in report.models
    ]
    for render in (markdown, html, on_a_terminal):
        text = render(report)
        for each in report.cost.on_spot:
            reached, share = each.availability.expected, each.spot_share
            assert f"{reached:.2%} of the time at {each.cost.expected:.2f} of on demand" in text
            assert f"{each.question.model} {share.expected:.0%} ({share.low:.0%} to" in text
    assert json.loads(json.dumps(plain(report)))["cost"]["onSpot"][0]["spotShare"]


def test_without_a_spot_tier_nothing_is_said_of_spot(report_of: ReportOf) -> None:
    report = report_of("dev")
    bare = replace(report, cost=replace(report.cost, on_spot=()))
    for render in (markdown, html, on_a_terminal):
        assert "drawn capacity" in render(report)
        assert "drawn capacity" not in render(bare)


def test_every_report_says_what_a_looser_promise_would_save_beside_the_verdicts(
    report_of: ReportOf,
) -> None:
    report = report_of("dev")
    saving = Saving(
        place="models.qwen3-4b.objective",
        key="itlP99Ms",
        promised=60,
        milliseconds=80,
        fewer=2,
        min_replicas=2,
        usd_per_month=2123.4,
    )
    bare, with_one = (
        replace(report, cost=replace(report.cost, verdicts=[], savings=found))
        for found in ([], [saving])
    )
    said = (
        "models.qwen3-4b.objective: itlP99Ms 80 instead of 60: 2 replicas fewer, with replicas.min"
        " 2, about $2,120 a month."
    )
    for render in (markdown, html, on_a_terminal):
        assert said in render(with_one)
        assert ALL_WELL in render(with_one)
        assert "instead of 60" not in render(bare)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_report_says_what_a_step_takes_in_and_why(stack: str, report_of: ReportOf) -> None:
    report = report_of(stack)
    for render in (markdown, html, on_a_terminal):
        text = unescape(render(report))
        for model in report.models:
            batch = model.plan.batch
            assert f"{batch.prompt_tokens:,} prompt tokens" in text
            assert batch.prompt_tokens_reason in text


def test_old_prices_are_flagged_in_every_report(report_of: ReportOf) -> None:
    report = report_of("dev", dt.date(2040, 1, 1))
    (note,) = (note for note in report.notes if "older than 90 days" in note)
    assert "the oldest of 2024-07-01 (system volumes)" in note
    assert "tokenfleet catalogue refresh --region us-east-1" in note
    fresh = report_of("dev", dt.date(2024, 1, 1))
    for render in (markdown, html, on_a_terminal):
        assert "older than 90 days" not in render(fresh)
        assert "older than 90 days" in render(report)
    assert "stalePrices" in json.dumps(plain(report))


def test_every_report_says_when_eks_upgrades_by_itself_and_first_when_near(
    report_of: ReportOf,
) -> None:
    ends = "standard support ends on 2027-03-27"
    near, far = report_of("dev", dt.date(2027, 3, 1)), report_of("dev")
    assert ends in near.notes[0]
    assert ends not in far.notes[0]
    for render in (markdown, html, on_a_terminal):
        assert f"{ends}, in 26 days" in render(near)
        assert f"{ends}, in 126 days" in render(far)
    assert json.loads(json.dumps(plain(near)))["kubernetes"]["ends"] == "2027-03-27"


def on_a_terminal(report: Report) -> str:
    """What is printed, in lines that never break."""
    console = Console(width=2000, record=True, file=io.StringIO())
    show(report, console)
    return console.export_text()


@pytest.mark.parametrize(
    ("usd", "written"),
    [
        (0.045, "$0.045 / GB"),
        (1.0, "$1.00 / GB"),
        (0.1, "$0.10 / GB"),
        (1234.5, "$1,234.50 / GB"),
        (None, "unknown"),
    ],
)
def test_a_price_per_unit_keeps_its_digits(
    usd: float | None, written: str, report_of: ReportOf
) -> None:
    line = replace(report_of("dev").by_use[0], usd_per_unit=usd)
    assert unit_price(line) == written


def test_markup_in_a_name_is_escaped_in_html(report_of: ReportOf) -> None:
    page = Page(html(with_model_named(report_of("prod"), HOSTILE)))
    assert "img" not in {tag for tag, _ in page.tags}
    assert page.text.count(HOSTILE) >= 3


def test_markup_in_a_name_is_escaped_in_markdown(report_of: ReportOf) -> None:
    report = with_model_named(report_of("prod"), HOSTILE)
    text = markdown(report)
    assert "<img" not in text
    for line in text.splitlines():
        if line.startswith("| ") and "onerror" in line:
            plain = report_of("prod")
            cells = re.split(r"(?<!\\)\|", line)
            header = next(row for row in markdown(plain).splitlines() if "| Memory |" in row)
            assert len(cells) == len(header.split("|"))
            assert r"\[a\]" in line
            break
    else:
        pytest.fail("no row holds the name")


def test_markup_in_a_name_ends_no_label_of_the_flowchart(report_of: ReportOf) -> None:
    text = flowchart(with_model_named(report_of("prod"), HOSTILE))
    line = next(line for line in text.splitlines() if "onerror" in line)
    assert line.count('"') == 2
    assert "<img" not in line


def test_findings_come_before_everything_else(report_of: ReportOf) -> None:
    finding = Finding(rule="tagged", resource="urn:pulumi:dev::x::y::the-bucket", problem="no tags")
    report = replace(report_of("dev"), findings=[finding])
    for text in (markdown(report), Page(html(report)).text):
        assert text.index("no tags") < text.index(report.notes[0][:30]) < text.index("Pools and")
    assert "the-bucket" in markdown(report)
    assert "Findings" not in markdown(report_of("dev"))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_page_begins_with_its_front_and_keeps_its_order(
    stack: str, report_of: ReportOf
) -> None:
    page = Page(html(report_of(stack)))
    ids = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    passages = ["prices", "causes", "judged", "nights", "unmeasured"]
    front = ["front", *(f"front-{name}" for name in passages)]
    assert ids[: len(front) + 3] == [*front, "verdicts", "notes", "architecture"]
    assert len(ids) == len({*ids})
    tags = [tag for tag, _ in page.tags]
    assert tags.index("main") > tags.index("section")
    assert tags.count("h1") == 1


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_page_needs_no_network(stack: str, report_of: ReportOf) -> None:
    text = html(report_of(stack))
    page = Page(text)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "image", "use"}
    for _, attributes in page.tags:
        assert not attributes.keys() & {"src", "href", "xlink:href", "srcset"}
        assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_rendering_names_every_pool_model_and_zone(stack: str, report_of: ReportOf) -> None:
    report = report_of(stack)
    words = [
        *(pool.name for pool in report.pools),
        *(model.plan.name for model in report.models),
        *(str(subnet.cidr) for subnet in report.plan.network.private_subnets),
        *(str(subnet.cidr) for subnet in report.plan.network.public_subnets),
    ]
    for render in (*RENDERERS, narrow_architecture_svg):
        text = render(report)
        assert not [word for word in words if word not in text]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_figure_of_the_bill_has_its_source_and_date(stack: str, report_of: ReportOf) -> None:
    report = report_of(stack)
    text, page = markdown(report), Page(html(report)).text
    for line in (*report.billed, *report.by_use):
        assert line.source in page
        assert line.source.replace("_", r"\_") in text.replace("&#8203;", "")
        row = next(row for row in text.splitlines() if row.startswith(f"| {line.title} |"))
        assert str(line.as_of) in row


@pytest.mark.parametrize("adapters_gib", [0.0, 0.5])
def test_the_memory_bar_holds_the_whole_rank(adapters_gib: float, report_of: ReportOf) -> None:
    for model in report_of("prod").models:
        planned = model.plan.memory
        kv_gib = planned.kv_gib - adapters_gib
        parts = memory_parts(replace(planned, adapters_gib=adapters_gib, kv_gib=kv_gib))
        assert sum(part.share for part in parts) == pytest.approx(100)
        assert sum(part.gib for part in parts) == pytest.approx(planned.rank_gib)
        assert ("adapters" in {part.name for part in parts}) == bool(adapters_gib)


def test_a_model_that_does_not_fit_is_called_so_and_stays_in_its_bar(report_of: ReportOf) -> None:
    report = report_of("dev")
    (model,) = report.models
    memory = replace(model.plan.memory, kv_gib=0.5, kv_one_request_gib=40.0)
    odd = replace(report, models=[replace(model, plan=replace(model.plan, memory=memory))])
    assert "does not fit" in html(odd)
    assert "does not fit" not in html(report)
    assert sum(part.share for part in memory_parts(memory)) == pytest.approx(100)


def test_the_same_report_gives_the_same_text(report_of: ReportOf) -> None:
    for render in RENDERERS:
        assert render(report_of("prod")) == render(copy.deepcopy(report_of("prod")))
