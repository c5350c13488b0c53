"""No request is refused that would have fit, and all beyond the bound are, at once."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from tests.edge.client import Answer, Client
from tests.edge.edges import Edges, served
from tests.edge.engines import ScriptedEngine
from tests.edge.load import held

pytestmark = pytest.mark.e2e
_UNBOUNDED = 1000
_PATIENCE_SECONDS = 60


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
    engines = [edges.engine(**behaviour) for _ in range(replicas)]
    name = served(engines, guard=guard)
    envoy = edges.envoy(name)
    envoy.await_healthy("m", replicas)
    client = Client(envoy.port, "key-of-alice-1", patience=_PATIENCE_SECONDS)
    # The first finds every connection cold.
    for size in (bound, bound, bound + 1, 3 * bound, bound):
        refused, answered = _burst(engines, [client] * size, bound)
        assert len(refused) == size - bound, (size, refused, envoy.stats())
        assert {(a.status, a.code, a.header("retry-after")) for a in refused} <= {
            (429, "at_capacity", str(name.retry_after_seconds))
        }
        assert {answer.ending for answer in answered} == {"complete"}


@pytest.mark.parametrize("replicas", [3, pytest.param(1, id="1 of 3")])
@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param({"bound": 6}, id="engines hold"),
        pytest.param({"front": {"REQUESTS_BOUND": "6"}}, id="what is in front of engines holds"),
    ],
)
def test_two_edges_in_front_of_the_same_engines_share_their_places_exactly(
    edges: Edges, behaviour: Mapping[str, Any], replicas: int
) -> None:
    engines = [edges.engine(slots=4, **behaviour) for _ in range(replicas)]
    clients: list[Client] = []
    for _ in range(2):
        envoy = edges.envoy(served(engines, guard=18))
        envoy.await_healthy("m", replicas)
        clients.append(Client(envoy.port, "key-of-alice-1", patience=_PATIENCE_SECONDS))
    bound = 6 * replicas
    for size in (bound, bound + 2, 2 * bound):
        refused, answered = _burst(engines, clients * (size // 2), bound)
        assert (len(answered), {answer.ending for answer in answered}) == (bound, {"complete"})
        assert {(answer.status, answer.code) for answer in refused} <= {(429, "at_capacity")}
    assert [engine.did()["most_inside"] for engine in engines] == [6] * replicas


def _burst(
    engines: Sequence[ScriptedEngine], clients: Sequence[Client], bound: int
) -> tuple[Sequence[Answer], Sequence[Answer]]:
    """What is refused and what is answered of a burst: no engine answers until all have a place or a no."""
    asks = [partial(client.complete, stream=True) for client in clients]
    answers = asyncio.run(held(engines, asks, fit=bound))
    refused = [answer for answer in answers if answer.status != 200]
    return refused, [answer for answer in answers if answer.status == 200]
