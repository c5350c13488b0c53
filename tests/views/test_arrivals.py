import json
from collections.abc import Callable

import pytest

from tests.views.conftest import ReportOf
from tests.views.test_renderings import on_a_terminal
from tokenfleet.json_document import plain
from tokenfleet.preview.report import Report
from tokenfleet.views.fetched import fetched_line, gb_text
from tokenfleet.views.money import usd
from tokenfleet.views.pages.html import html
from tokenfleet.views.pages.markdown import markdown


@pytest.mark.parametrize("render", [markdown, html, on_a_terminal])
def test_every_report_says_what_a_new_node_fetches_and_pays(
    render: Callable[[Report], str], report_of: ReportOf
) -> None:
    report = report_of("prod")
    text = render(report)
    assert "What a new node fetches" in text
    for arrival in report.cost.arrivals:
        assert arrival.nat_usd
        assert f"{gb_text(arrival.nat_gb.expected)} ({gb_text(arrival.nat_gb.low)}" in text
        assert f"{usd(arrival.nat_usd.expected)} ({usd(arrival.nat_usd.low)}" in text
    for model in report.models:
        assert fetched_line(model.plan.cold_start.fetches) in text


def test_the_way_of_every_byte_is_in_the_json(report_of: ReportOf) -> None:
    report = json.loads(json.dumps(plain(report_of("prod"))))
    ways = {
        (fetch["what"], fetch["way"])
        for arrival in report["cost"]["arrivals"]
        for fetch in arrival["fetches"]
    }
    assert {("engine image", "NAT gateway"), ("weights", "S3 endpoint")} <= ways
    assert all("fetches" in model["plan"]["coldStart"] for model in report["models"])
