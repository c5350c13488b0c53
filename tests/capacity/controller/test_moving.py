"""What is written for replicas while a part of Kubernetes fails."""

from collections.abc import Mapping

import pytest

from tests.capacity.controller.pools import MODEL, NOTICE_SECONDS, NOW, Machine, Seen
from tests.capacity.controller.stand_ins import World, silent
from tokenfleet.capacity.controller.attempts import Attempts
from tokenfleet.capacity.controller.kubernetes import Refused
from tokenfleet.capacity.controller.moving import Moving
from tokenfleet.capacity.controller.replicas import replicas

PAUSED: Mapping[str, str] = {
    "autoscaling.keda.sh/paused-scale-in": "true",
    "tokenfleet.io/paused-scale-in": "true",
}
SPOT, ON_DEMAND = Machine(), Machine(tier="on-demand", cost=-100)
DOOMED = Machine(deadline=NOW + 110, cost=-200)


def _moving(world: World) -> Moving:
    journal = silent()
    return Moving(world, Attempts(world, journal), journal)


@pytest.mark.parametrize(("other", "surged"), [(DOOMED, True), (ON_DEMAND, False)])
def test_without_kedas_pause_a_return_waits_and_a_notice_does_not(
    other: Machine, *, surged: bool
) -> None:
    state, world = Seen(machines=[SPOT, other], replicas=2).state(), World(scaled={})
    world.fails["annotate_scaled_object"] = Refused(500, "a webhook is down")
    planned = replicas(state, MODEL, may_return=True, notice_seconds=NOTICE_SECONDS)
    assert planned.steps
    _moving(world).replicas(state, planned)
    assert ("patch_deployment" in world.calls) == surged


def test_kedas_pause_is_let_go_at_last_and_then_not_asked_for_again() -> None:
    state, world = Seen(machines=[SPOT], replicas=1).state(), World(scaled=PAUSED)
    moving = _moving(world)
    world.fails["annotate_scaled_object"] = OSError("no answer")
    moving.unpause(state)
    assert world.scaled == PAUSED
    del world.fails["annotate_scaled_object"]
    moving.unpause(state)
    assert world.scaled == {}
    asked = len(world.calls)
    moving.unpause(state)
    assert len(world.calls) == asked
