"""Messages of the queue: what each says, and that nothing else is read into one."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tokenfleet.capacity.controller.notices import notices

RECEIVED = 1_764_439_205.0  # 2025-11-29T18:00:05Z
SENT = "2025-11-29T18:00:00Z"


def _event(kind: str, detail: Mapping[str, Any], time: str = SENT) -> str:
    return json.dumps({"detail-type": kind, "time": time, "detail": detail, "id": "1"})


HEALTH = {
    "service": "EC2",
    "eventTypeCategory": "scheduledChange",
    "startTime": "Sat, 29 Nov 2025 20:00:00 GMT",
    "affectedEntities": [{"entityValue": "i-1"}, {"entityValue": "i-2"}],
}

ROWS: Mapping[str, tuple[str, list[tuple[str, str, float]]]] = {
    "an interruption ends two minutes after it was sent, not after it was read": (
        _event(
            "EC2 Spot Instance Interruption Warning",
            {"instance-id": "i-1", "instance-action": "terminate"},
        ),
        [("i-1", "reclaim", RECEIVED - 5 + 120)],
    ),
    "a clock ahead of ours grants no more time": (
        _event(
            "EC2 Spot Instance Interruption Warning",
            {"instance-id": "i-1", "instance-action": "stop"},
            "2025-11-29T18:10:00Z",
        ),
        [("i-1", "reclaim", RECEIVED + 120)],
    ),
    "a recommendation": (
        _event("EC2 Instance Rebalance Recommendation", {"instance-id": "i-1"}),
        [("i-1", "rebalance", RECEIVED - 5)],
    ),
    "an instance that ends": (
        _event(
            "EC2 Instance State-change Notification",
            {"instance-id": "i-1", "state": "shutting-down"},
        ),
        [("i-1", "gone", RECEIVED - 5)],
    ),
    "an instance that starts is no news": (
        _event(
            "EC2 Instance State-change Notification", {"instance-id": "i-1", "state": "running"}
        ),
        [],
    ),
    "a retirement, of every instance it names": (
        _event("AWS Health Event", HEALTH),
        [("i-1", "reclaim", RECEIVED + 7195), ("i-2", "reclaim", RECEIVED + 7195)],
    ),
    "a retirement that should have begun leaves as much time as any": (
        _event("AWS Health Event", {**HEALTH, "startTime": "Sat, 29 Nov 2025 17:00:00 GMT"}),
        [("i-1", "reclaim", RECEIVED + 120), ("i-2", "reclaim", RECEIVED + 120)],
    ),
    "a retirement that is over, or was called off": (
        _event("AWS Health Event", {**HEALTH, "statusCode": "closed"}),
        [],
    ),
    "health of another service": (_event("AWS Health Event", {**HEALTH, "service": "RDS"}), []),
    "an issue, which names no time": (
        _event("AWS Health Event", {**HEALTH, "eventTypeCategory": "issue"}),
        [],
    ),
    "an event of another kind": (_event("EC2 Something Else", {"instance-id": "i-1"}), []),
    "a detail without what it is about": (
        _event("EC2 Spot Instance Interruption Warning", {}),
        [],
    ),
    "a time that is none": (
        _event("EC2 Instance Rebalance Recommendation", {"instance-id": "i-1"}, "yesterday"),
        [],
    ),
    "no event": ("[]", []),
    "no JSON": ("{", []),
}


@pytest.mark.parametrize("row", list(ROWS))
def test_a_message_says_what_it_says(row: str) -> None:
    body, expected = ROWS[row]
    found = notices(body, received=RECEIVED, notice_seconds=120)
    assert [(n.instance, n.kind, n.at) for n in found] == expected
