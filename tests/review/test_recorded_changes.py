"""Reviews of changes as people make them: what must hold, and the comment word by word.

``--write-golden`` writes the comments anew; who does reads them as the reviewer who is to trust them.
"""

import html
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.review.recorded_changes import CHANGES
from tests.review.states import state_of
from tests.views.pages import Page
from tokenfleet.json_document import Schema, json_document
from tokenfleet.review.compared import Compared
from tokenfleet.review.resource_change import ResourceChange
from tokenfleet.review.review import Review, StackReview, stack_review
from tokenfleet.views.pages.review import review_markdown
from tokenfleet.views.pages.review_page import review_html
from tokenfleet.views.screens.review import show_review

GOLDEN = Path(__file__).parents[1] / "golden" / "review"
# One that adds and takes away, and one that touches the network alone.
PAGES = ("pool-renamed", "nat-choice")


@pytest.fixture(scope="module", params=CHANGES)
def name(request: pytest.FixtureRequest) -> str:
    """Each change by its name."""
    return str(request.param)


@pytest.fixture(scope="module")
def reviewed(name: str) -> StackReview:
    """What its review says."""
    return stack_review(*CHANGES[name].states())


def _comment(*stacks: StackReview) -> str:
    return review_markdown(Review(base="main", head="change", parted=0, renamed={}, stacks=stacks))


def _page(name: str, reviewed: StackReview) -> str:
    """The page, without its style."""
    before, after = CHANGES[name].states()
    review = Review(base="main", head="change", parted=0, renamed={}, stacks=[reviewed])
    states = ({reviewed.stack: each} if each else {} for each in (before, after))
    page = review_html(Compared(review=review, before=next(states), after=next(states)))
    return page[page.index("<body>") :]


def _as_shown(markdown: str) -> str:
    """What a reader sees, without emphasis."""
    return html.unescape(re.sub(r"\\(.)", r"\1", markdown.replace("**", "")))


def _named(changes: list[ResourceChange], name: str) -> ResourceChange:
    type_end, _, name_end = name.partition(" ")
    found = [
        each
        for each in changes
        if each.type.endswith(f":{type_end}") and each.name.endswith(name_end)
    ]
    assert len(found) == 1, (name, [each.name for each in found])
    return found[0]


def test_a_change_is_as_dangerous_as_it_is(name: str, reviewed: StackReview) -> None:
    changes = list(reviewed.changes)
    expected = CHANGES[name].holds
    found = {each: _named(changes, each) for each in expected}
    assert {each: (it.action, it.danger) for each, it in found.items()} == expected
    assert {each.action for each in changes} <= CHANGES[name].only
    assert reviewed.verdict.startswith(CHANGES[name].verdict)


def test_a_comment_says_what_its_reader_must_know(name: str, reviewed: StackReview) -> None:
    shown = _as_shown(_comment(reviewed))
    assert [text for text in CHANGES[name].says if text not in shown] == []


def test_a_comment_is_what_was_agreed(
    name: str, reviewed: StackReview, pytestconfig: pytest.Config
) -> None:
    path, written = GOLDEN / f"{name}.md", _comment(reviewed)
    if pytestconfig.getoption("--write-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_was_agreed(page: str, pytestconfig: pytest.Config) -> None:
    written = _page(page, stack_review(*CHANGES[page].states()))
    path = GOLDEN / f"{page}.html"
    if pytestconfig.getoption("--write-golden"):
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


def test_a_page_says_what_its_reader_must_know(name: str, reviewed: StackReview) -> None:
    words = Page(_page(name, reviewed)).text
    missing = [text for text in CHANGES[name].says if _plain(text) not in words]
    assert missing == []
    assert reviewed.verdict in words


def _plain(text: str) -> str:
    """Without the marks of a list, which a page has as elements; a danger is a badge."""
    return re.sub(r"^(1\. [a-z-]+: |- )", "", text)


def test_a_terminal_of_80_columns_shows_it_whole(reviewed: StackReview) -> None:
    console = Console(width=80, file=StringIO(), color_system=None)
    shown = Review(base="main", head="change", parted=0, renamed={}, stacks=[reviewed])
    with console.capture() as captured:
        show_review(shown, console)
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 80
    words = " ".join(" ".join(lines).split())
    assert reviewed.verdict in words
    assert [each for each in reviewed.effects if each not in words] == []


def test_every_agreed_comment_is_of_a_change() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CHANGES)


def test_causes_come_before_what_follows_from_them(reviewed: StackReview) -> None:
    seen = set[str]()
    dangers = {each.urn: each.danger.rank for each in reviewed.changes}
    for change in reviewed.changes:
        assert change.follows in seen or dangers.get(change.follows, -1) < change.danger.rank
        seen.add(change.urn)


def test_no_digest_of_a_secret_is_shown(name: str, reviewed: StackReview) -> None:
    written = _comment(reviewed) + json_document(Schema.REVIEW, reviewed) + _page(name, reviewed)
    secrets = [
        *(CHANGES[name].secrets[0] or {}).values(),
        *(CHANGES[name].secrets[1] or {}).values(),
    ]
    assert [digest for digest in secrets if digest in written] == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_that_stays_as_it_is_has_nothing_to_say(stack: str) -> None:
    state = state_of(stack)
    found = stack_review(state, state)
    assert (found.state, found.verdict, found.changes) == ("unchanged", "nothing changes", [])
    assert "###" not in _comment(found)
