import asyncio

from tests.edge.client import Client
from tests.edge.edges import Edges, served


def test_a_stream_comes_whole_through_the_edge(edges: Edges) -> None:
    engine = edges.engine()
    envoy = edges.envoy(served([engine]))
    answer = asyncio.run(Client(envoy.port, "key-of-alice-1").complete(stream=True, max_tokens=5))
    assert (answer.ending, answer.body.count(b"data: ")) == ("complete", 6), (answer, envoy.log())
