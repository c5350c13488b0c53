"""What EC2 says of instances, in EventBridge's shape, and how SQS hands it out."""

import json
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.cluster.api import eventually
from tests.cluster.scarcity.clients import Clients
from tests.cluster.scarcity.observed import SPOT, ZONES, ids, in_service, launch
from tests.cluster.scarcity.scarcity import SPOT_EVENTS, Scarcity

NOTICE = "EC2 Spot Instance Interruption Warning"
ENDED = "EC2 Instance State-change Notification"
ON_END = {"source": ["aws.ec2"], "detail-type": [ENDED], "detail": {"state": ["terminated"]}}
Event = dict[str, Any]


def _heard(aws: Clients, url: str, count: int) -> list[Event]:
    """So many messages, deleted from the queue."""
    events: list[Event] = []

    def received() -> bool:
        """enough messages have come"""
        answer = aws.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=30
        )
        for message in answer.get("Messages", []):
            events.append(json.loads(message.get("Body", "")))
            aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message.get("ReceiptHandle", ""))
        return len(events) >= count

    eventually(received)
    return events


def test_a_notice_comes_first_and_the_end_in_its_time(scarcity: Scarcity, aws: Clients) -> None:
    url = scarcity.queue([*SPOT_EVENTS, ON_END])
    (first, *_) = ids(launch(aws, SPOT, ZONES[0], 2))
    in_service(aws, SPOT, 2)
    announced = time.time()
    assert scarcity.reclaim(ZONES[0], seconds=1) == [first]
    event, end = _heard(aws, url, 2)
    assert (event["source"], event["detail-type"]) == ("aws.ec2", NOTICE)
    assert event["detail"] == {"instance-id": first, "instance-action": "terminate"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    assert event["resources"] == [f"arn:aws:ec2:us-east-1:123456789012:instance/{first}"]
    assert {"version", "id", "account", "region"} < set(event)
    assert end["detail"] == {"instance-id": first, "state": "terminated"}
    (ended,) = scarcity.instances(SPOT, "terminated")
    assert (ended.instance_id, ended.ended_by) == (first, "reclaim")
    # A second of one clock is not quite one of another.
    assert ended.ended_at - announced > 0.9


# How a reclaim is announced: (what is asked, what is heard in this order).
ANNOUNCED: Mapping[str, tuple[Mapping[str, Any], Sequence[str]]] = {
    "once": ({}, [NOTICE, ENDED]),
    "twice": ({"notices": 2}, [NOTICE, NOTICE, ENDED]),
    "never": ({"notices": 0}, [ENDED]),
    "after the end": ({"late": 0.6}, [ENDED, NOTICE]),
}


@pytest.mark.parametrize("way", list(ANNOUNCED))
def test_a_notice_may_be_doubled_lost_or_late(way: str, scarcity: Scarcity, aws: Clients) -> None:
    url = scarcity.queue([*SPOT_EVENTS, ON_END])
    launch(aws, SPOT, ZONES[0])
    in_service(aws, SPOT, 1)
    change, expected = ANNOUNCED[way]
    (taken,) = scarcity.reclaim(ZONES[0], seconds=0.2, **change)
    events = _heard(aws, url, len(expected))
    # What comes next shows that nothing else was to come.
    scarcity.rebalance("i-last")
    events += _heard(aws, url, 1)
    names = [event["detail"]["instance-id"] for event in events]
    assert [event["detail-type"] for event in events[:-1]] == expected
    assert names == [taken] * len(expected) + ["i-last"]
    notices = {event["id"] for event in events if event["detail-type"] == NOTICE}
    assert len(notices) == min(expected.count(NOTICE), 1)


def test_rules_decide_what_a_queue_hears(scarcity: Scarcity, aws: Clients) -> None:
    url = scarcity.queue([ON_END, {"source": ["aws.health"]}])
    (first,) = ids(launch(aws, SPOT, ZONES[0]))
    scarcity.rebalance(first)
    scarcity.reclaim(ZONES[0], seconds=0)
    scarcity.publish("aws.health", "AWS Health Event", {"service": "EC2"})
    events = _heard(aws, url, 2)
    assert Counter(e["source"] for e in events) == {"aws.ec2": 1, "aws.health": 1}
    (change,) = (e["detail"] for e in events if e["source"] == "aws.ec2")
    assert change == {"instance-id": first, "state": "terminated"}


def test_a_message_comes_again_unless_it_is_deleted(scarcity: Scarcity, aws: Clients) -> None:
    url = scarcity.queue()
    scarcity.rebalance("i-first")

    def received(hidden: int) -> str:
        """The message, which nobody gets again for so many seconds."""
        answer = aws.sqs.receive_message(QueueUrl=url, VisibilityTimeout=hidden)
        return "".join(message.get("ReceiptHandle", "") for message in answer.get("Messages", []))

    before = time.monotonic()
    first = received(hidden=1)
    assert first
    second = eventually(lambda: received(hidden=600))
    assert time.monotonic() - before > 0.9
    assert second != first
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=second)
    scarcity.rebalance("i-last")
    assert [e["detail"]["instance-id"] for e in _heard(aws, url, 1)] == ["i-last"]
