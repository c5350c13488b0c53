"""What there is besides moto's own state: how much capacity, how long things take, what happened."""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.base_backend import BackendDict
from moto.events.models import events_backends
from moto.events.utils import EventMessageType

from tests.cluster.scarcity.records import Call, Instance
from tests.cluster.scarcity.server.faults import Fault
from tests.cluster.scarcity.server.later import Later

ACCOUNT = "123456789012"


@dataclass(kw_only=True)
class Pace:
    """Seconds: from a launch to InService, between a group's looks at itself, of a termination.

    ``warming``: from a launch into a warm pool until the instance is stopped there.
    """

    pending: float = 0.1
    look: float = 0.2
    ending: float = 0.1
    warming: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Room:
    """How many instances of a market a zone has room for, and the error of one too many."""

    instances: int
    code: str


class World:
    """Everything a scenario may change or read; ``lock`` guards it and moto's groups."""

    def __init__(self) -> None:
        self.region = "us-east-1"
        self.lock = threading.RLock()
        self.later = Later(self.lock)
        self._begin()

    def reset(self) -> None:
        """As it was at the start, moto's state included."""
        with self.lock:
            self.later.forget()
            BackendDict.reset()
            self._begin()

    def free(self, market: str, zone: str) -> int:
        """How many more instances could start; a zone nobody spoke of has always room."""
        room = self.rooms.get((market, zone))
        if room is None:
            return 10**6
        held = [
            instance
            for instance in self.instances.values()
            # What is stopped has no claim to any: to start it may be refused (EC2 user guide,
            # "Troubleshoot instance launch issues", InsufficientInstanceCapacity).
            if (instance.market, instance.zone) == (market, zone)
            and instance.state not in ("stopped", "terminated")
        ]
        return max(0, room.instances - len(held))

    def change(self, instance: Instance, state: str) -> None:
        """Another state of an instance, and the event that EC2 sends of it."""
        instance.state = state
        if state == "terminated":
            instance.ended_at = time.time()
        detail = {"instance-id": instance.instance_id, "state": state}
        self.publish(
            "EC2 Instance State-change Notification", detail, instance_ids=[instance.instance_id]
        )

    def publish(
        self,
        detail_type: str,
        detail: Mapping[str, Any],
        *,
        source: str = "aws.ec2",
        instance_ids: list[str] | None = None,
        copies: int = 1,
    ) -> None:
        """Send an event to the targets of every rule whose pattern it matches."""
        event: EventMessageType = {
            "version": "0",
            "id": f"{self.chance.getrandbits(128):032x}",
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT,
            "time": time.time(),
            "region": self.region,
            "resources": [
                f"arn:aws:ec2:{self.region}:{ACCOUNT}:instance/{name}"
                for name in instance_ids or []
            ],
            "detail": dict(detail),
        }
        bus = events_backends[ACCOUNT][self.region].event_buses["default"]
        for rule in bus.rules.values():
            for _ in range(copies):
                # Transformed input would need another package.
                rule.send_to_targets(event, transform_input=False)

    def _begin(self) -> None:
        self.pace = Pace()
        self.rooms: dict[tuple[str, str], Room] = {}
        self.instances: dict[str, Instance] = {}
        # How many of the next launches fail while they are pending.
        self.late_failures = 0
        self.launches_by_token: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        # The same shares fail in every run.
        self.chance = random.Random(0)  # noqa: S311 - no secret


WORLD = World()
