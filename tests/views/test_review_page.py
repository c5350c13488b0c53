"""The page of a review: text whatever it is given, of a size that a browser opens, and alone."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from tests.review.recorded_changes import CHANGES
from tests.review.states import put, state_of
from tests.review.synthetic import ODD, broken, resource, state
from tests.views.pages import Page
from tokenfleet.plain_text import written_out
from tokenfleet.review.compared import Compared
from tokenfleet.review.previews import StackState
from tokenfleet.review.review import Review, StackReview, stack_review
from tokenfleet.views.pages.review_page import review_html

MODEL = "qwen3-4b"
HTML = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "div"),
    *("h1", "h2", "h3", "p", "ul", "ol", "li", "a", "b", "i", "span", "dl", "dt", "dd"),
    *("details", "summary", "table", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
SVG = {"svg", "title", "desc", "rect", "text", "polyline", "polygon", "style"}
# Everything that takes a browser somewhere, or runs.
ACTIVE = re.compile(r"on.*|src|srcset|xlink:href|action|formaction|style|background|poster|data")
HOSTILE = (
    "</text></svg><script>alert(1)</script>",
    "<image href='https://example.com/x.png' onload=alert(1)>",
    "<foreignObject><iframe src=javascript:alert(1)></iframe></foreignObject>",
    "</style><style>*{background:url(https://example.com)}",
    "</title></desc>]]><!--",
    "{{ 7 * 7 }} {% include 'report.css' %}",
)


def _page(
    stacks: Sequence[StackReview],
    before: Mapping[str, StackState] | None = None,
    after: Mapping[str, StackState] | None = None,
    *,
    base: str = "main",
) -> str:
    review = Review(base=base, head="change", parted=2, renamed={base: base}, stacks=stacks)
    return review_html(Compared(review=review, before=before or {}, after=after or {}))


def _renamed(value: object, old: str, new: str) -> Any:  # noqa: ANN401 - any part of a document
    """A document with another name wherever one stands, in keys too."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return {_renamed(k, old, new): _renamed(v, old, new) for k, v in entries.items()}
    if isinstance(value, list):
        return [_renamed(each, old, new) for each in cast("list[object]", value)]
    return value


def _odd(state: StackState, odd: str) -> StackState:
    """With a model, a pool, a region and types of those names, in the drawing and beside it."""
    documents = [state.preview, state.resources]
    for old in (MODEL, "graviton4", "us-east-1", "c8gd.4xlarge"):
        documents = [_renamed(each, old, f"{old}{odd}") for each in documents]
    return replace(state, preview=documents[0], resources=documents[1])


@pytest.mark.parametrize("odd", [*ODD.values(), *HOSTILE, "a\u202egnp.exe", "a\u200bb", "\x1b[31m"])
def test_names_stay_text_on_the_page_and_in_its_drawing(odd: str) -> None:
    edits = [put(f"models.{MODEL}.replicas.min", 2), put("network.cidr", "10.21.0.0/16")]
    before, after = (_odd(state_of("dev", each), odd) for each in ([], edits))
    name = f"dev{odd}"
    found = replace(stack_review(before, after), stack=name, effects=[odd])
    written = _page([found], {name: before}, {name: after}, base=odd)
    page = Page(written)
    assert {tag for tag, _ in page.tags} <= HTML | SVG
    assert "svg" in {tag for tag, _ in page.tags}
    assert "<!--" not in written
    for tag, attributes in page.tags:
        assert [key for key in attributes if ACTIVE.fullmatch(key)] == [], tag
        assert (attributes.get("href") or "#").startswith("#")
    assert written.count("<style>") == 3  # the page's own, and one of each drawing
    styles = " ".join(re.findall(r"<style>(.*?)</style>", written, re.DOTALL))
    assert "url(" not in styles
    assert odd not in styles
    assert page.text.count(" ".join(written_out(odd).split())) > 3
    assert not re.search("[\u202e\u200b\x1b]", written)


def test_a_browser_is_told_to_load_and_run_nothing() -> None:
    page = Page(_page([]))
    (policy,) = [each["content"] for _, each in page.tags if "http-equiv" in each]
    assert str(policy).split("; ") == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_a_drawing_that_a_revision_wrote_is_no_part_of_the_page() -> None:
    """Only what is drawn here is shown: a revision hands over data."""
    before, after = CHANGES["nat-choice"].states()
    assert before
    assert after
    svg = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>x</script></svg>"
    drawn = replace(after, preview={**after.preview, "drawing": svg, "architecture": svg})
    found = stack_review(before, drawn)
    honest = _page([found], {"dev": before}, {"dev": after})
    assert _page([found], {"dev": before}, {"dev": drawn}) == honest


@pytest.mark.parametrize("number", [1, 300])
def test_a_page_of_any_number_of_changes_can_be_opened_and_says_what_it_leaves_out(
    number: int,
) -> None:
    tags = {str(key): "x" * 300 for key in range(20)}
    before = [resource(f"a-{place}", inputs={"tags": tags}) for place in range(4_000 // number)]
    after = [{**each, "inputs": {"tags": {"a": "|" * 300}}} for each in before]
    one = stack_review(state(before), state(after))
    every = [replace(one, stack=f"stack-{place}") for place in range(number)]
    written = _page(every)
    assert len(written) < 12_000_000
    words = Page(written).text
    assert all(each.stack in words for each in every)
    assert ("and 1,000 resources more: --json has all." in words) == (number == 1)
    assert re.search(r"\(absent\) and \d+ more", words)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (state_of("dev"), None, "The stack is gone: there is nothing left to draw."),
        (broken("line 3: no"), state_of("dev"), "It cannot be previewed at the base: line 3: no"),
        (state_of("dev"), broken("no", "way"), "It cannot be previewed at the head: no way"),
        (state([resource("a")]), state([resource("b")]), "the head does not say all"),
    ],
)
def test_a_page_without_a_drawing_says_why(
    before: StackState, after: StackState | None, said: str
) -> None:
    found = stack_review(before, after)
    written = _page([found], {"dev": before}, {"dev": after} if after else {})
    assert "<svg" not in written
    assert said in Page(written).text


def test_a_stack_that_stays_as_it_is_is_one_line() -> None:
    same = state_of("prod")
    page = Page(_page([stack_review(same, same)], {"prod": same}, {"prod": same}))
    assert "unchanged prod nothing changes" in page.text
    assert [each for tag, each in page.tags if tag == "section"] == []


def test_marks_have_words_and_nobody_needs_their_colours() -> None:
    before, after = CHANGES["pool-renamed"].states()
    assert before
    assert after
    written = _page([stack_review(before, after)], {"dev": before}, {"dev": after})
    drawing = written[written.index("<svg") : written.index("</svg>")]
    assert [word for word in ("new", "changed", "outage") if f">{word}</text>" not in drawing] == []
    assert json.dumps(written) == json.dumps(
        _page([stack_review(before, after)], {"dev": before}, {"dev": after})
    )
