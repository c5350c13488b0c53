"""The report in a real browser: its first page fits a sheet, and nothing needs a wide screen."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.review.recorded_changes import CHANGES
from tests.today import TODAY
from tests.views.browser import Browser, browser_in
from tests.views.pages import stretched
from tokenfleet.preview.origin import Commit, Origin
from tokenfleet.preview.report import Report
from tokenfleet.review.compared import Compared
from tokenfleet.review.review import Review, stack_review
from tokenfleet.views.pages.html import html
from tokenfleet.views.pages.review_page import review_html

pytestmark = pytest.mark.e2e
ReportOf = Callable[[str, dt.date], Report]
ORIGIN = Origin(day=TODAY, commit=Commit(hash="0123456789abcdef" * 2, changed=True))
PHONE_WIDTH, PHONE_HEIGHT = 390, 844
# On both sides of every width at which the page changes.
WIDTHS = [320, PHONE_WIDTH, 900, 901, 1248, 1920]
# The smallest letters of a drawing have 11 units: from a footnote's to a heading's.
READABLE, LARGE = 0.69, 1.6


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """The browser of this machine."""
    found = browser_in(tmp_path_factory.mktemp("browser"))
    if found is None:
        pytest.skip("no browser to show the report in: install the package chromium")
    return found


@pytest.fixture(params=["dev", "prod", "long"])
def page(request: pytest.FixtureRequest, report_of: ReportOf) -> str:
    """The report of a stack, and one with more than its first page has room for."""
    if request.param != "long":
        return html(report_of(request.param, TODAY), ORIGIN)
    return html(stretched(report_of("prod", TODAY), models=9, verdicts=7), ORIGIN)


def with_style(page: str, rules: str) -> str:
    return page.replace("</head>", f"<style>{rules}</style></head>")


def test_the_first_page_is_one_sheet_and_the_rest_begins_on_the_next(
    browser: Browser, page: str
) -> None:
    first = browser.sheets(with_style(page, "main { display: none; }"))
    rest = browser.sheets(with_style(page, "#front { display: none; }"))
    assert first == 1
    assert browser.sheets(page) == first + rest


def test_a_first_page_that_is_too_long_would_be_noticed(browser: Browser, page: str) -> None:
    assert browser.sheets(with_style(page, "main { display: none; } li { height: 200px; }")) > 1


def test_no_screen_scrolls_sideways_and_the_drawing_stays_readable(
    browser: Browser, page: str
) -> None:
    for width, seen in browser.seen(page, WIDTHS, height=PHONE_HEIGHT).items():
        assert seen.scroll_width <= width, width
        (scale,) = seen.drawings
        assert READABLE <= scale <= LARGE, width


@pytest.mark.parametrize("change", ["pool-renamed", "region"])
@pytest.mark.parametrize("dark", [False, True])
def test_no_screen_scrolls_a_review_sideways(
    *, change: str, dark: bool, browser: Browser, opened: Callable[[str], str]
) -> None:
    page = opened(change)
    for width, seen in browser.seen(page, WIDTHS, height=PHONE_HEIGHT, dark=dark).items():
        assert seen.scroll_width <= width, width
        (scale,) = seen.drawings
        assert READABLE <= scale <= LARGE, width


@pytest.fixture
def opened() -> Callable[[str], str]:
    """The page of the review of a change, with nothing folded and a stack of a long name."""

    def page(change: str) -> str:
        before, after = CHANGES[change].states()
        assert before
        assert after
        found = replace(stack_review(before, after), stack="s" * 200)
        review = Review(base="b" * 200, head="main", parted=1, renamed={}, stacks=[found])
        states = ({found.stack: before}, {found.stack: after})
        written = review_html(Compared(review=review, before=states[0], after=states[1]))
        return written.replace("<details>", "<details open>")

    return page


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_first_page_is_two_screens_of_a_phone(
    stack: str, browser: Browser, report_of: ReportOf
) -> None:
    page = html(report_of(stack, TODAY), ORIGIN)
    seen = browser.seen(page, [PHONE_WIDTH], height=PHONE_HEIGHT)[PHONE_WIDTH]
    assert seen.front_bottom <= 2 * PHONE_HEIGHT


@pytest.mark.parametrize(("dark", "light"), [(True, False), (False, True)])
def test_all_of_the_page_is_light_or_dark_as_the_screen_is(
    *, dark: bool, light: bool, browser: Browser, page: str
) -> None:
    for seen in browser.seen(page, WIDTHS, height=PHONE_HEIGHT, dark=dark).values():
        solid = [colour for colour in seen.colours if colour.startswith("rgb(")]
        assert solid
        assert {is_light(colour) for colour in solid} == {light}


def is_light(colour: str) -> bool:
    """Of ``rgb(1, 2, 3)``."""
    return sum(map(int, re.findall(r"\d+", colour))) > 3 * 127
