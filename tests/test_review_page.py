"""What docs/review.md shows is what a review says."""

from pathlib import Path

import pytest

from tests.review.recorded_changes import CHANGES
from tokenfleet.review.review import stack_review
from tokenfleet.views.reviewed.drawing import reviewed_drawing

_START, _END = "```markdown\n", "```\n"


def test_the_page_shows_how_a_review_of_a_renamed_pool_begins(
    root: Path, pytestconfig: pytest.Config
) -> None:
    said = (root / "tests" / "golden" / "review" / "pool-renamed.md").read_text(encoding="utf-8")
    beginning = said.partition("<details>")[0]
    page = root / "docs" / "review.md"
    before, start, rest = page.read_text(encoding="utf-8").partition(_START)
    shown, end, after = rest.partition(_END)
    assert start
    assert end, "the page has lost its example"
    if pytestconfig.getoption("--write-golden"):
        page.write_text(before + start + beginning + end + after, encoding="utf-8")
        shown = beginning
    assert shown == beginning


def test_the_page_shows_its_drawing(root: Path, pytestconfig: pytest.Config) -> None:
    before, after = CHANGES["pool-renamed"].states()
    picture = root / "docs" / "review-drawing.svg"
    drawn = reviewed_drawing(stack_review(before, after), before, after).wide
    if pytestconfig.getoption("--write-golden"):
        picture.write_text(drawn, encoding="utf-8")
    assert picture.read_text(encoding="utf-8") == drawn
