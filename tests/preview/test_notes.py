from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tokenfleet.plan.stack import Plan
from tokenfleet.preview.notes import notes
from tokenfleet.settings.stack_file import StackFile

Keys = dict[str, Any]
PlanOf = Callable[[Mapping[str, Any]], Plan]


def notes_of(plan: Plan, about: str) -> list[str]:
    return [note for note in notes(plan, frozenset(), [], []) if about in note]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_committed_stack_pays_for_an_interface_endpoint(
    stack: str, stack_files: Mapping[str, StackFile], plan_of: PlanOf
) -> None:
    plan = plan_of(stack_files[stack].keys)
    assert not plan.network.interface_endpoints
    assert not notes_of(plan, "interfaceEndpoints")


def test_an_endpoint_that_saves_less_than_it_costs_is_named_with_both(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("prod")
    keys["network"]["interfaceEndpoints"] = ["ecr.dkr", "sts"]
    images, sts = notes_of(plan_of(keys), "interfaceEndpoints")
    for note in (images, sts):
        assert "costs $21.90 a month, saves as much from 626 GB a month on" in note
    assert "ecr.dkr" in images
    assert "only manifests of images" in images
    assert "sts" in sts
    assert "nothing of this stack" in sts


def test_the_account_of_the_documentation_is_a_placeholder(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    mine, theirs = (plan_of(keys_of("dev") | {"account": a}) for a in ("4" * 12, "111122223333"))
    assert notes_of(theirs, "account is that of AWS's documentation")
    assert not notes_of(mine, "account is that of AWS's documentation")
