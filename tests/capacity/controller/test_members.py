"""What the policy is told of a pool."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from tests.capacity.controller.pools import MODEL, NOW, Machine, Seen, settings
from tokenfleet.capacity.policy.decide import decide
from tokenfleet.capacity.policy.memory import Memory

SPOT, ON_DEMAND, RESERVED = (Machine(tier=tier) for tier in ("spot", "on-demand", "reserved"))
IDLE = replace(SPOT, pod=None)

# Machines, all replicas on them; whether one may return.
RETURNS: Mapping[str, tuple[Sequence[Machine], bool]] = {
    "all on spot": ([SPOT, SPOT], False),
    "one on demand, and room on spot": ([SPOT, ON_DEMAND, IDLE], True),
    "one on demand, and no room on spot": ([SPOT, ON_DEMAND], False),
    "a reservation serves as well": ([RESERVED, RESERVED, ON_DEMAND, ON_DEMAND, IDLE, IDLE], True),
    "a reservation serves, and spot has no room": ([RESERVED, SPOT, ON_DEMAND], False),
    "the room is for what a reservation loses": (
        [replace(RESERVED, deadline=NOW + 100), ON_DEMAND, IDLE],
        False,
    ),
}


def test_a_closed_node_that_a_pod_has_reached_counts() -> None:
    closed = replace(SPOT, leaving=True)
    state = Seen(machines=[closed, replace(closed, pod=None)], replicas=1).state()
    assert [member.kept for member in state.members] == [True, False]


IDLE_RESERVED = replace(RESERVED, pod=None)


@pytest.mark.parametrize(
    ("machines", "paused", "moves"),
    [
        ([ON_DEMAND, IDLE_RESERVED], False, [MODEL]),
        ([ON_DEMAND, IDLE_RESERVED], True, []),
        ([ON_DEMAND, replace(IDLE_RESERVED, ready=False)], False, []),
        ([ON_DEMAND, RESERVED], False, []),
        ([SPOT, IDLE_RESERVED], False, []),
    ],
)
def test_a_replica_on_demand_goes_back_to_an_idle_reservation(
    machines: Sequence[Machine], moves: Sequence[str], *, paused: bool
) -> None:
    pool = settings(tiers=("reserved", "spot", "on-demand"))
    state = Seen(machines=machines, replicas=1, paused=paused).state(pool)
    assert list(state.moves_to_reserved) == moves


@pytest.mark.parametrize("row", list(RETURNS))
def test_a_replica_returns_where_spot_has_room(row: str) -> None:
    machines, returns = RETURNS[row]
    pool = settings(tiers=("reserved", "spot", "on-demand"))
    count = sum(machine.pod is not None for machine in machines)
    state = Seen(machines=machines, replicas=count).state(pool)
    seen = state.observation(refused={}, reclaimed={}, on_demand_refused=0)
    actions, _ = decide(seen, Memory(), pool.knobs)
    assert actions.moves == ([MODEL] if returns else [])
