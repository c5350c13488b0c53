"""How fast simulated pods live."""

import pytest

from tests.cluster.fleet import FleetOf
from tests.cluster.life import DRAIN, FASTER, LOAD

MODEL = "qwen3-8b"


@pytest.mark.parametrize("factor", [8, FASTER])
def test_a_scenario_says_how_much_faster_its_pods_live(factor: float, fleet_of: FleetOf) -> None:
    fleet = fleet_of("prod", faster=factor)
    fleet.prepare()
    written = fleet.serve(MODEL, 0)["spec"]["template"]["metadata"]["annotations"]
    planned = fleet.model(MODEL)
    assert written[LOAD] == f"{planned.deadlines.start_seconds / factor:.3f}s"
    assert written[DRAIN] == f"{planned.drain.grace_seconds / factor:.3f}s"
