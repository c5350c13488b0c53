"""Two pods of the edge: what each decides by itself."""

import asyncio

import pytest

from tests.edge.client import Client
from tests.edge.edges import Edges, served
from tests.edge.load import burst, endings
from tokenfleet.plan.edge.clients import ClientPlan

pytestmark = pytest.mark.e2e


def test_each_pod_of_the_edge_keeps_the_limit_of_a_client_by_itself(edges: Edges) -> None:
    engine = edges.engine()
    alice = ClientPlan(
        name="alice",
        models=None,
        requests_per_minute=5,
        tokens_per_minute=None,
        priority="interactive",
    )
    found: list[object] = []
    for _ in range(2):
        envoy = edges.envoy(served([engine]), clients=[alice])
        envoy.await_healthy("m", 1)
        client = Client(envoy.port, "key-of-alice-1")
        found.append(endings(asyncio.run(burst(client.complete, 8))))
    assert found == [{"complete": 5, "refused": 3}] * 2
