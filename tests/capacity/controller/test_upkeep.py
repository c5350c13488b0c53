"""What is set right on nodes at every look."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.capacity.controller.pools import NOW, Machine, Seen, settings
from tests.capacity.controller.stand_ins import World, cluster, silent
from tokenfleet.capacity.controller.attempts import Attempts
from tokenfleet.capacity.controller.launching import Launching
from tokenfleet.capacity.controller.sight import Sight

HOUR = 3600.0
RESERVED = Machine(tier="reserved")

# A node; how many taints it is left with, where they are changed.
ROWS: Mapping[str, tuple[Machine, list[int]]] = {
    "reserved, and nothing is announced": (RESERVED, []),
    "reserved, before its maintenance": (replace(RESERVED, deadline=NOW + HOUR), []),
    "reserved, while its maintenance may last": (replace(RESERVED, deadline=NOW - HOUR), []),
    "reserved, and still there": (replace(RESERVED, deadline=NOW - 5 * HOUR), [1]),
    "reserved, and not well": (replace(RESERVED, deadline=NOW - 5 * HOUR, ready=False), []),
    "spot is ended instead": (Machine(deadline=NOW - 5 * HOUR), []),
}


@pytest.mark.parametrize("row", list(ROWS))
def test_a_reserved_node_that_is_not_taken_serves_again(row: str) -> None:
    machine, expected = ROWS[row]
    pool = settings(tiers=("reserved", "spot", "on-demand"))
    world, journal = World(), silent()
    sight = Sight(cluster(pool), world, world, journal)
    launching = Launching(world, Attempts(world, journal), journal, sight)
    launching.upkeep(Seen(machines=[machine]).state(pool))
    assert [len(change["spec"]["taints"]) for change in world.patches] == expected
