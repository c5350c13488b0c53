"""The dev stack with its model published."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.edits import Edit
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
MODEL = "models.qwen3-4b"
PublishedOf = Callable[..., Plan]


@pytest.fixture
def published_of(keys_of: Callable[[str], Keys], plan_of: Callable[[Keys], Plan]) -> PublishedOf:
    """Its plan after some edits."""

    def plan(*edits: Edit) -> Plan:
        keys = keys_of("dev")
        for edit in edits:
            edit(keys)
        (model,) = plan_of(keys).models
        keys["models"][model.name]["published"] = model.mark
        return plan_of(keys)

    return plan
