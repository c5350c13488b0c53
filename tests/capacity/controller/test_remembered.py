"""What an earlier controller has left: read as it was meant, or not at all."""

import json

import pytest

from tests.capacity.controller.pools import NOW
from tokenfleet.capacity.controller.remembered import Remembered, remembered
from tokenfleet.capacity.policy.memory import Memory, ZoneMemory

KEPT = Remembered(
    memory=Memory(
        zones={"a": ZoneMemory(held=2, held_since=NOW - 60), "b": ZoneMemory(refusals=1)},
        levels={"a": 2},
        seen_at=NOW // 60 * 60,  # it is kept to the minute
    ),
    doomed=frozenset({"i-1"}),
)


def test_what_was_kept_comes_back() -> None:
    assert remembered(KEPT.text, NOW) == KEPT


def test_what_another_version_added_is_left_out() -> None:
    found = json.loads(KEPT.text)
    found["memory"]["mood"] = "good"
    found["memory"]["zones"]["a"]["colour"] = "red"
    assert remembered(json.dumps(found), NOW) == KEPT


@pytest.mark.parametrize(
    "memory",
    [
        "none",
        ["a"],
        {"seen_at": "yesterday"},
        {"seen_at": NOW + 3600},
        {"announced": None},
        {"levels": {"a": "two"}},
        {"levels": ["a"]},
        {"zones": {"a": {"held": None}}},
        {"zones": {"a": {"held_since": "yesterday"}}},
        {"zones": ["a"]},
    ],
)
def test_what_cannot_be_used_counts_for_nothing(memory: object) -> None:
    assert remembered(json.dumps({"memory": memory}), NOW) == Remembered()


@pytest.mark.parametrize("text", [None, "", "{", "[]", "1"])
def test_what_is_no_memory_counts_for_nothing(text: str | None) -> None:
    assert remembered(text, NOW) == Remembered()
