"""What a reviewer is told to know or do before deploying."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.today import TODAY
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.kubernetes import kubernetes_support
from tokenfleet.preview.notes import notes

Keys = dict[str, Any]
NO_SPOT = {"on-demand": {"max": 3}}
# id: an edit of the dev stack, what is said, whether it is
ROWS: Mapping[str, tuple[Mapping[str, Any], str, bool]] = {
    "spot": ({}, "Nothing hears a spot notice yet (pool graviton4)", True),
    "no spot": (NO_SPOT, "spot notice", False),
    "account of the documentation": (
        {},
        "cluster.adminPrincipals.deployer names the account",
        True,
    ),
}


@pytest.mark.parametrize(("tiers", "said", "expected"), ROWS.values(), ids=list(ROWS))
def test_a_note_stands_where_it_is_true(
    tiers: Mapping[str, Any],
    said: str,
    expected: bool,  # noqa: FBT001 - a column of the table
    keys_of: Callable[[str], Keys],
    plan_of: Callable[[Mapping[str, Any]], Plan],
) -> None:
    keys = keys_of("dev")
    keys["pools"]["graviton4"]["tiers"] = tiers or keys["pools"]["graviton4"]["tiers"]
    told = notes(plan_of(keys), frozenset(), [], [], kubernetes_support("1.35", TODAY))
    assert any(said in note for note in told) == expected
