"""What EventBridge says about instances, as messages of a queue."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Of one instance; ``at`` is epoch seconds.

    ``reclaim``: it ends at ``at``. ``rebalance``: its zone may soon take it back. ``gone``: it has
    ended, or is about to.
    """

    instance: str
    kind: Literal["reclaim", "rebalance", "gone"]
    at: float


def notices(body: str, *, received: float, notice_seconds: float) -> Sequence[Notice]:
    """What a message says; nothing where it says nothing of use.

    Events of EC2 (EC2 user guide, "Spot Instance interruption notices", "EC2 instance rebalance
    recommendations") and of AWS Health (user guide, "Events in EventBridge").
    """
    try:
        found = json.loads(body)
        return tuple(_notices(found, received, notice_seconds))
    except (AttributeError, KeyError, TypeError, ValueError):
        return ()


def _notices(event: Any, received: float, notice_seconds: float) -> Iterator[Notice]:  # noqa: ANN401 - anything may be sent
    detail, kind = event["detail"], event["detail-type"]
    sent = min(received, _moment(event["time"]))
    match kind:
        case "EC2 Spot Instance Interruption Warning":
            yield Notice(instance=detail["instance-id"], kind="reclaim", at=sent + notice_seconds)
        case "EC2 Instance Rebalance Recommendation":
            yield Notice(instance=detail["instance-id"], kind="rebalance", at=sent)
        case "EC2 Instance State-change Notification":
            if detail["state"] in ("shutting-down", "stopping", "stopped", "terminated"):
                yield Notice(instance=detail["instance-id"], kind="gone", at=sent)
        case "AWS Health Event":
            if detail["service"] == "EC2" and detail["eventTypeCategory"] == "scheduledChange":
                begins = parsedate_to_datetime(detail["startTime"]).timestamp()
                if detail.get("statusCode") == "closed":  # it is over, or will not be
                    return
                # One that should have begun already may do so at any moment, and was not heard of.
                at = max(begins, received + notice_seconds)
                for entity in detail["affectedEntities"]:
                    yield Notice(instance=entity["entityValue"], kind="reclaim", at=at)
        case _:
            pass


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
