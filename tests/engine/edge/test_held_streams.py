"""Streams and connections through the edge: when they begin, who gives them up, what is kept."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.edge.client import Client
from tests.edge.edges import Edges
from tests.edge.envoy import KEYS, Envoy
from tests.engine.edge.places import (
    ASKED,
    BOUND,
    SLOTS,
    ask,
    forbearing,
    inside,
    lasting,
    served_by,
    until,
)
from tests.engine.engine import Engine


@pytest.mark.parametrize("path", list(ASKED))
def test_nothing_is_said_of_a_stream_that_waits_for_its_turn(
    path: str, client: Client, envoy: Envoy, pair: Sequence[Engine]
) -> None:
    """Until then the edge may still ask another replica."""
    impatient = Client(envoy.port, KEYS["alice"][0], patience=2)

    async def waited() -> None:
        # All that run at once, and some that wait: one more waits, too.
        async with lasting(client, path, pair[0].model, 2 * BOUND - 1, streamed=True):
            await until(lambda: sum(one.requests_running() for one in pair) == 2 * SLOTS)
            answer = await ask(impatient, path, pair[0].model, 1, stream=True)
            assert (answer.ending, answer.status) == ("hang", 0)
        await until(lambda: inside(pair) == 0)
        answer = await ask(client, path, pair[0].model, 1, stream=True)
        assert (answer.status, answer.header("content-type")) == (
            200,
            "text/event-stream; charset=utf-8",
        )

    asyncio.run(waited())


@pytest.mark.parametrize("streamed", [True, False])
def test_whoever_goes_away_frees_a_place_in_the_engine(
    *, streamed: bool, client: Client, pair: Sequence[Engine]
) -> None:
    """Long before it would have been free anyway."""

    async def gone() -> None:
        async with lasting(client, "/v1/completions", pair[0].model, 2 * BOUND, streamed=streamed):
            await until(lambda: inside(pair) == 2 * BOUND)
        await until(lambda: inside(pair) == 0)

    asyncio.run(gone())


def test_connections_to_a_replica_are_kept_and_given_up_before_it_gives_them_up(
    edges: Edges, pair: Sequence[Engine]
) -> None:
    """Whoever uses a connection just as the other side closes it loses the request."""
    envoy = edges.envoy(served_by(pair), edit=forbearing)
    envoy.await_healthy(pair[0].model, len(pair))
    cluster = f"cluster.{pair[0].model}"
    client = Client(envoy.port, KEYS["alice"][0], patience=120)

    async def asked() -> None:
        for _ in range(10):
            answer = await ask(client, "/v1/completions", pair[0].model, 1)
            assert answer.status == 200

    asyncio.run(asked())
    stats = envoy.stats()
    assert stats[f"{cluster}.upstream_rq_total"] == 10
    # One to each replica, besides those of health checks and those given up in between.
    given_up = stats[f"{cluster}.upstream_cx_idle_timeout"]
    assert stats[f"{cluster}.upstream_cx_http1_total"] <= 2 + given_up
    envoy.await_stat(f"{cluster}.upstream_cx_active", 0)
    stats = envoy.stats()
    assert stats[f"{cluster}.upstream_cx_idle_timeout"] == stats[f"{cluster}.upstream_cx_total"]
