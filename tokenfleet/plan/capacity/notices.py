"""What the capacity controller hears of nodes: a queue, and the events of AWS that reach it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# A notice gives two minutes: what nobody read within five tells of nodes that are gone.
_RETENTION_SECONDS = 300
_EC2 = "aws.ec2"


@dataclass(frozen=True, kw_only=True)
class NoticesPlan:
    """A queue that keeps messages for ``retention_seconds``, and event patterns (JSON) by rule.

    EC2 tells of every instance of the account and region, whose cluster it is it does not say: the
    controller knows its own.
    """

    retention_seconds: int
    pattern_by_rule: Mapping[str, str]


def plan_notices() -> NoticesPlan:
    """The events that say that a node goes, or may go (EC2 and AWS Health user guides, 2026).

    Notices are made on a best-effort basis: what is missed shows in the state of the instance.
    """
    patterns: Mapping[str, Mapping[str, object]] = {
        "health": {
            "source": ["aws.health"],
            "detail-type": ["AWS Health Event"],
            "detail": {"service": ["EC2"], "eventTypeCategory": ["scheduledChange"]},
        },
        "interruption": {
            "source": [_EC2],
            "detail-type": ["EC2 Spot Instance Interruption Warning"],
        },
        "rebalance": {"source": [_EC2], "detail-type": ["EC2 Instance Rebalance Recommendation"]},
        "state": {
            "source": [_EC2],
            "detail-type": ["EC2 Instance State-change Notification"],
            "detail": {"state": ["shutting-down", "stopping", "stopped", "terminated"]},
        },
    }
    return NoticesPlan(
        retention_seconds=_RETENTION_SECONDS,
        pattern_by_rule={rule: json.dumps(pattern) for rule, pattern in patterns.items()},
    )


def queue_policy(queue_arn: str, rule_arns: Sequence[str]) -> str:
    """Who may send to the queue (JSON): EventBridge for the stack's own rules, and over TLS alone.

    Amazon EventBridge user guide, "Using resource-based policies", "Amazon SQS permissions" (2026).
    """
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Events",
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue_arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": list(rule_arns)}},
                },
                {
                    "Sid": "DenyPlainHttp",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "sqs:*",
                    "Resource": queue_arn,
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        }
    )
