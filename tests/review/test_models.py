"""What a review says of models whose figures a revision knows, or does not know yet."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.edits import Edit, put
from tests.review.states import state_of
from tokenfleet.review.review import stack_review
from tokenfleet.views.tables.review import news

LOAD = "models.qwen3-4b.traffic.requestsPerSecond"


def _of_model(edit: Callable[[dict[str, Any]], object]) -> Edit:
    """An edit of a report: of what each model costs."""

    def edited(document: dict[str, Any]) -> None:
        for model in document["cost"]["models"]:
            edit(model)

    return edited


OLDER = _of_model(put("spotShare"))
SHARES = {
    "the base does not know": (OLDER, _of_model(put("spotShare", 0.5)), "unchanged", (None, 0.5)),
    "the head does not know": (_of_model(put("spotShare", 0.5)), OLDER, "unchanged", (0.5, None)),
    "neither knows": (OLDER, OLDER, "unchanged", (None, None)),
    "both know": (
        _of_model(put("spotShare", 0.0)),
        _of_model(put("spotShare", 0.5)),
        "changed",
        (0.0, 0.5),
    ),
}


@pytest.mark.parametrize(("before", "after", "state", "pair"), SHARES.values(), ids=list(SHARES))
def test_a_share_of_spot_that_a_revision_does_not_know_is_no_news(
    before: Edit, after: Edit, state: str, pair: tuple[float | None, float | None]
) -> None:
    old, new = (state_of("dev", preview_patches=[edit]) for edit in (before, after))
    found = stack_review(old, new)
    (model,) = found.models
    assert (found.state, (model.spot_share.before, model.spot_share.after)) == (state, pair)
    said = [line for line in news(found) if "on spot" in line]
    assert said == ["qwen3-4b: 50% of its node-hours on spot, not 0%"] * (state == "changed")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_capacity_is_load_and_head_room_and_as_busy_as_is_said(stack: str) -> None:
    state = state_of(stack)
    for model in stack_review(state, state).models:
        capacity, room = (
            each.after
            for each in (model.capacity_requests_per_second, model.head_room_requests_per_second)
        )
        (cost,) = (m for m in state.preview["cost"]["models"] if m["name"] == model.name)
        assert capacity is not None
        if cost["requestsPerSecond"] is None:
            assert room is None
            continue
        assert room == pytest.approx(capacity - cost["requestsPerSecond"])
        assert cost["requestsPerSecond"] / capacity == pytest.approx(model.busy.after)


def test_a_load_beyond_what_replicas_carry_is_no_head_room() -> None:
    found = stack_review(state_of("dev"), state_of("dev", [put(LOAD, 50)]))
    (model,) = found.models
    room = model.head_room_requests_per_second.after
    assert room is not None
    assert room < 0
    assert any("head room above its load -4" in line for line in news(found))


EMBEDS: Sequence[Edit] = (
    put("models.qwen3-4b.task", "embed"),
    put("models.qwen3-4b.objective", {"ttftP99Ms": 8000}),
    put("models.qwen3-4b.traffic", {"requestsPerSecond": 0.2, "inputTokens": 512}),
)
DRAFTS: Sequence[Edit] = (put("models.qwen3-4b.speculative", {"method": "ngram"}),)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((), EMBEDS, ["qwen3-4b: task embed, not generate"]),
        (EMBEDS, (), ["qwen3-4b: task generate, not embed"]),
        (EMBEDS, EMBEDS, []),
        ((), DRAFTS, []),
    ],
    ids=["embeds from now on", "generates again", "embeds as before", "drafts from now on"],
)
def test_a_model_that_does_something_else_is_news_and_its_figures_are_there(
    before: Sequence[Edit], after: Sequence[Edit], said: Sequence[str]
) -> None:
    found = stack_review(state_of("dev", before), state_of("dev", after))
    (model,) = found.models
    assert [line for line in news(found) if " task " in line] == said
    for pair in (model.capacity_requests_per_second, model.head_room_requests_per_second):
        assert None not in {pair.before, pair.after}


def test_a_revision_that_knows_no_task_served_text() -> None:
    def older(report: dict[str, Any]) -> None:
        for model in report["models"]:
            del model["plan"]["task"]

    found = stack_review(state_of("dev", preview_patches=[older]), state_of("dev"))
    assert found.state == "unchanged"
