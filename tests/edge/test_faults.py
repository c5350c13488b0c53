"""What is lost when one of the replicas fails: the lab's table on the plan's configuration."""

import asyncio

import pytest

from tests.edge.client import Client
from tests.edge.edges import Edges, served
from tests.edge.faults import COUNT, FAULTS, Fault, behaviour, hurried, struck
from tests.edge.load import lost

pytestmark = pytest.mark.e2e
_FASTER = 4.0


@pytest.mark.parametrize("replicas", [3, 2])
@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.is_known_at_once], ids=lambda fault: fault.name
)
def test_of_310_requests_only_answers_already_begun_are_lost(
    edges: Edges, fault: Fault, replicas: int
) -> None:
    engines = [edges.engine(**behaviour(_FASTER)) for _ in range(replicas)]
    envoy = edges.envoy(served(engines), edit_routes=hurried)
    envoy.await_healthy("m", replicas)
    client = Client(envoy.port, "key-of-alice-1")
    # What a kill loses is what was under way: one on each, as it is where nothing is late.
    at_once = replicas if fault.loses else COUNT
    load = asyncio.run(struck(fault, engines[0], lambda: client, faster=_FASTER, at_once=at_once))
    gone = lost(load)
    assert len(gone) <= fault.loses, gone
    assert all(sent.answer.ending == "broken" and sent.answer.status == 200 for sent in gone), gone
    assert all(engine.did()["served"] > 50 for engine in engines[1:])
