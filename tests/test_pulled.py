"""What the whole program asks nodes to pull is what the plan says it pulls, by the digests it says."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.pulls import named, pulled
from tokenfleet.plan.stack import Plan
from tokenfleet.recording.recorded import Mode, Recording

Keys = dict[str, Any]
Record = Callable[[Mapping[str, Any], Mode], Recording]
STACKS = pytest.mark.parametrize("stack", ["dev", "prod"])


def held_keys(keys: Keys, plan_of: Callable[..., Plan]) -> Keys:
    """The keys with a digest of everything that can be held to one."""
    able = [pull.name for pull in plan_of(keys).pulls if pull.held]
    digests = {name: f"sha256:{hashlib.sha256(name.encode()).hexdigest()}" for name in able}
    return keys | {"cluster": keys["cluster"] | {"digests": digests}}


@STACKS
def test_everything_that_is_pulled_is_listed(
    stack: str, keys_of: Callable[[str], Keys], recording_of: Record, plan_of: Callable[..., Plan]
) -> None:
    keys = keys_of(stack)
    plan = plan_of(keys)
    assert pulled(recording_of(keys, "deployment"), plan) == named(plan)


@STACKS
def test_with_every_digest_given_nothing_that_can_be_held_floats(
    stack: str, keys_of: Callable[[str], Keys], recording_of: Record, plan_of: Callable[..., Plan]
) -> None:
    keys = held_keys(keys_of(stack), plan_of)
    plan = plan_of(keys)
    able = [pull.name for pull in plan.pulls if pull.held]
    found = pulled(recording_of(keys, "deployment"), plan)
    assert found == named(plan)
    assert len(found) >= len(able) >= 2
    assert all("@sha256:" in name for name in found)
    assert not [pull.name for pull in plan.pulls if pull.held and pull.floats]


@STACKS
def test_a_digest_changes_what_is_pulled_and_not_how_long_that_takes(
    stack: str, keys_of: Callable[[str], Keys], plan_of: Callable[..., Plan]
) -> None:
    keys = keys_of(stack)
    loose, held = plan_of(keys), plan_of(held_keys(keys, plan_of))
    for before, after in zip(loose.models, held.models, strict=True):
        assert before.image != after.image
        assert before.cold_start == after.cold_start
        assert before.image_cached == after.image_cached
