"""What EC2 says of instances, in EventBridge's shape, and how SQS hands it out."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.cluster.api import eventually
from tests.cluster.scarcity.clients import Clients
from tests.cluster.scarcity.observed import SPOT, ZONES, ids, in_service, launch
from tests.cluster.scarcity.scarcity import Scarcity

NOTICE = "EC2 Spot Instance Interruption Warning"
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
    url = scarcity.queue()
    (first, *_) = ids(launch(aws, SPOT, ZONES[0], 2))
    in_service(aws, SPOT, 2)
    assert scarcity.reclaim(ZONES[0], seconds=1) == [first]
    (event,) = _heard(aws, url, 1)
    assert (event["source"], event["detail-type"]) == ("aws.ec2", NOTICE)
    assert event["detail"] == {"instance-id": first, "instance-action": "terminate"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    assert event["resources"] == [f"arn:aws:ec2:us-east-1:123456789012:instance/{first}"]
    assert {"version", "id", "account", "region"} < set(event)
    assert not scarcity.instances(SPOT, "terminated")
    (ended,) = eventually(lambda: scarcity.instances(SPOT, "terminated"))
    assert (ended.instance_id, ended.ended_by) == (first, "reclaim")


# How a reclaim is announced: (what is asked, messages that come).
ANNOUNCED: Mapping[str, tuple[Mapping[str, Any], int]] = {
    "once": ({}, 1),
    "twice": ({"notices": 2}, 2),
    "never": ({"notices": 0}, 0),
    "after the end": ({"late": 0.6}, 1),
}


@pytest.mark.parametrize("way", list(ANNOUNCED))
def test_a_notice_may_be_doubled_lost_or_late(way: str, scarcity: Scarcity, aws: Clients) -> None:
    url = scarcity.queue()
    launch(aws, SPOT, ZONES[0])
    in_service(aws, SPOT, 1)
    change, count = ANNOUNCED[way]
    (taken,) = scarcity.reclaim(ZONES[0], seconds=0.2, **change)
    (ended,) = eventually(lambda: scarcity.instances(SPOT, "terminated"))
    if way != "after the end":
        # What comes after it in the queue shows that nothing else was to come.
        scarcity.rebalance("i-last")
        events = _heard(aws, url, count + 1)
        assert [e["detail"]["instance-id"] for e in events] == [taken] * count + ["i-last"]
        assert len({e["id"] for e in events[:count]}) == min(count, 1)
        return
    (event,) = _heard(aws, url, 1)
    assert event["detail"]["instance-id"] == ended.instance_id == taken


def test_rules_decide_what_a_queue_hears(scarcity: Scarcity, aws: Clients) -> None:
    ended = {
        "source": ["aws.ec2"],
        "detail-type": ["EC2 Instance State-change Notification"],
        "detail": {"state": ["terminated"]},
    }
    health = {"source": ["aws.health"]}
    url = scarcity.queue([ended, health])
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

    def received() -> str:
        """the message is there"""
        answer = aws.sqs.receive_message(QueueUrl=url, VisibilityTimeout=1)
        return "".join(message.get("ReceiptHandle", "") for message in answer.get("Messages", []))

    first = received()
    assert first
    assert not received()
    second = eventually(received)
    assert second != first
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=second)
    scarcity.rebalance("i-last")
    assert [e["detail"]["instance-id"] for e in _heard(aws, url, 1)] == ["i-last"]
