"""What a scenario may ask of the stand-in, by name; ``tests.cluster.scarcity.scarcity`` asks for it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from moto.autoscaling.models import autoscaling_backends

from tests.cluster.scarcity.server.faults import Fault
from tests.cluster.scarcity.server.group import Group
from tests.cluster.scarcity.server.world import ACCOUNT, WORLD, Pace, Room

_NOTICE = "EC2 Spot Instance Interruption Warning"
_REBALANCE = "EC2 Instance Rebalance Recommendation"


def capacity(market: str, zone: str, instances: int | None, code: str) -> None:
    """How many instances a zone has room for; None for as many as anybody wants."""
    WORLD.rooms.pop((market, zone), None)
    if instances is not None:
        WORLD.rooms[market, zone] = Room(instances=instances, code=code)


def pace(**seconds: float) -> None:
    """How long things take."""
    WORLD.pace = Pace(**seconds)


def fail_launches(count: int) -> None:
    """The next launches fail while they are pending."""
    WORLD.late_failures = count


def reclaim(zone: str, count: int, seconds: float, notices: int, late: float) -> Sequence[str]:
    """Take the oldest spot instances of a zone away."""
    running = [
        instance.instance_id
        for instance in WORLD.instances.values()
        if (instance.market, instance.zone) == ("spot", zone)
        and instance.state in ("pending", "running")
    ]
    for instance_id in running[:count]:
        detail = {"instance-id": instance_id, "instance-action": "terminate"}
        told = partial(WORLD.publish, _NOTICE, detail, instance_ids=[instance_id], copies=notices)
        if notices:
            WORLD.later.after(late, told)
        WORLD.later.after(seconds, partial(_take, instance_id))
    return running[:count]


def rebalance(instance_ids: list[str]) -> None:
    """Say that instances are at an elevated risk."""
    for instance_id in instance_ids:
        WORLD.publish(_REBALANCE, {"instance-id": instance_id}, instance_ids=[instance_id])


def publish(source: str, detail_type: str, detail: Mapping[str, Any]) -> None:
    """Any other event."""
    WORLD.publish(detail_type, detail, source=source)


def fault(**what: Any) -> None:  # noqa: ANN401 - the fields of Fault
    """Calls go wrong from now on."""
    WORLD.faults.append(Fault(**what))


def heal() -> None:
    """Calls go well from now on."""
    WORLD.faults.clear()


def calls() -> Sequence[Mapping[str, Any]]:
    """Every AWS call so far."""
    return [dataclasses.asdict(call) for call in WORLD.calls]


def instances() -> Sequence[Mapping[str, Any]]:
    """Every instance there was."""
    return [dataclasses.asdict(instance) for instance in WORLD.instances.values()]


CONTROLS: Mapping[str, Callable[..., object]] = {
    what.__name__: what
    for what in (
        calls,
        capacity,
        fail_launches,
        fault,
        heal,
        instances,
        pace,
        publish,
        rebalance,
        reclaim,
        WORLD.reset,
    )
}


def _take(instance_id: str) -> None:
    name = WORLD.instances[instance_id].group
    group = autoscaling_backends[ACCOUNT][WORLD.region].autoscaling_groups[name]
    if isinstance(group, Group):
        group.end(instance_id, "reclaim")
