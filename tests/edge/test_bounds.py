"""No request is refused that would have fit, and all beyond the bound are, at once."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.edge.client import Client
from tests.edge.edges import Edges, served
from tests.edge.load import burst

pytestmark = pytest.mark.e2e
# All of a burst is there before the first of it is answered, on a busy machine too.
_ANSWER_SECONDS = 2.5
_UNBOUNDED = 1000


@pytest.mark.parametrize(
    ("replicas", "behaviour", "guard", "bound"),
    [
        pytest.param(3, {"slots": 8, "bound": 12}, _UNBOUNDED, 36, id="each of 3 engines holds 12"),
        pytest.param(8, {"slots": 4, "bound": 8}, _UNBOUNDED, 64, id="each of 8 engines holds 8"),
        pytest.param(3, {"slots": 8}, 36, 36, id="the edge holds 36 for engines without a bound"),
    ],
)
def test_a_burst_fills_all_places_and_only_what_is_beyond_is_refused(
    edges: Edges, replicas: int, behaviour: Mapping[str, Any], guard: int, bound: int
) -> None:
    engines = [edges.engine(**behaviour, first=_ANSWER_SECONDS) for _ in range(replicas)]
    name = served(engines, guard=guard)
    envoy = edges.envoy(name)
    envoy.await_healthy("m", replicas)
    client = Client(envoy.port, "key-of-alice-1")
    # The first finds every connection cold.
    for size in (bound, bound + 1, 3 * bound):
        answers = asyncio.run(burst(lambda: client.complete(stream=True, max_tokens=1), size))
        refused = [answer for answer in answers if answer.ending != "complete"]
        assert len(refused) == size - bound, (size, refused, envoy.stats())
        assert {(a.status, a.code, a.header("retry-after")) for a in refused} <= {
            (429, "at_capacity", str(name.retry_after_seconds))
        }
        assert all(answer.seconds < _ANSWER_SECONDS for answer in refused)


def test_two_edges_in_front_of_the_same_engines_share_their_places_exactly(edges: Edges) -> None:
    engines = [edges.engine(slots=4, bound=6, first=_ANSWER_SECONDS) for _ in range(3)]
    clients: list[Client] = []
    for _ in range(2):
        envoy = edges.envoy(served(engines))
        envoy.await_healthy("m", 3)
        clients.append(Client(envoy.port, "key-of-alice-1"))
    turns = iter(clients * 9)
    answers = asyncio.run(burst(lambda: next(turns).complete(stream=True, max_tokens=1), 18))
    assert [answer for answer in answers if answer.ending != "complete"] == []
    turns = iter(clients * 18)
    answers = asyncio.run(burst(lambda: next(turns).complete(stream=True, max_tokens=1), 36))
    assert sum(answer.ending == "complete" for answer in answers) == 18
    assert {a.status for a in answers if a.ending != "complete"} == {429}
