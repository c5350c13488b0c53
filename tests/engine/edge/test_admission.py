"""As many requests as the engines have places are let in, and each further one is a truthful 429."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from tests.edge.client import Answer, Client
from tests.edge.edges import Edges
from tests.edge.edges import client as limited
from tests.edge.envoy import KEYS, Envoy
from tests.engine.edge.places import (
    ASKED,
    BATCH_BOUND,
    BOUND,
    ask,
    forbearing,
    inside,
    lasting,
    served_by,
    until,
)
from tests.engine.engine import Engine

Lasting = AbstractAsyncContextManager[Sequence[asyncio.Task[Answer]]]
BURSTS = [2 * BOUND, 2 * BOUND + 1, 6 * BOUND]


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("path", list(ASKED))
@pytest.mark.parametrize("count", BURSTS)
def test_a_burst_fills_every_place_and_the_rest_is_told_to_come_back(
    count: int, path: str, *, streamed: bool, client: Client, pair: Sequence[Engine]
) -> None:
    async def burst() -> None:
        async with lasting(client, path, pair[0].model, count, streamed=streamed) as asked:
            beyond = count - 2 * BOUND
            await until(
                lambda: sum(one.done() for one in asked) >= beyond and inside(pair) == 2 * BOUND
            )
            refused = [one.result() for one in asked if one.done()]
            assert len(refused) == beyond
            assert {(a.status, a.header("content-type")) for a in refused} <= {
                (429, "application/json")
            }
            assert {a.code for a in refused} <= {"at_capacity"}
            assert all(int(answer.header("retry-after") or 0) > 0 for answer in refused)
        await until(lambda: inside(pair) == 0)

    asyncio.run(burst())


def test_a_place_that_is_free_again_is_taken(client: Client, pair: Sequence[Engine]) -> None:
    async def one_more() -> None:
        model = pair[0].model
        async with lasting(client, "/v1/completions", model, 2 * BOUND, streamed=True) as asked:
            await until(lambda: inside(pair) == 2 * BOUND)
            refused = await ask(client, "/v1/completions", model, 1)
            asked[0].cancel()
            await until(lambda: inside(pair) < 2 * BOUND)
            entered = asyncio.ensure_future(ask(client, "/v1/completions", model, 1))
            await until(lambda: inside(pair) == 2 * BOUND or entered.done())
            for other in asked:
                other.cancel()
            assert (refused.status, (await entered).status) == (429, 200)

    asyncio.run(one_more())


@pytest.mark.parametrize("streamed", [True, False])
def test_batch_clients_of_two_edges_leave_half_of_each_engine_to_others(
    *, streamed: bool, edges: Edges, pair: Sequence[Engine]
) -> None:
    batch = [limited("bob", batch=True)]
    pods = [edges.envoy(served_by(pair), clients=batch, edit=forbearing) for _ in range(2)]
    for pod in pods:
        pod.await_healthy(pair[0].model, 2)
    share, rest = 2 * BATCH_BOUND, 2 * (BOUND - BATCH_BOUND)

    def asking(name: str, pod: Envoy, count: int) -> Lasting:
        client = Client(pod.port, KEYS[name][0], patience=600)
        return lasting(client, "/v1/completions", pair[0].model, count, streamed=streamed)

    async def shared() -> None:
        first, second = (asking("bob", pod, 2 * BOUND) for pod in pods)
        async with first as to_one, second as to_other:
            asked = [*to_one, *to_other]
            beyond = 4 * BOUND - share
            await until(
                lambda: sum(one.done() for one in asked) == beyond and inside(pair) == share
            )
            refused = [one.result() for one in asked if one.done()]
            assert {(answer.status, answer.code) for answer in refused} == {(429, "at_capacity")}
            async with asking("alice", pods[0], rest) as others:
                await until(lambda: inside(pair) == 2 * BOUND)
                assert not [one for one in others if one.done()]
        await until(lambda: inside(pair) == 0)
        # Whoever went away left its place to the next.
        async with asking("bob", pods[1], share):
            await until(lambda: inside(pair) == share)
        await until(lambda: inside(pair) == 0)

    asyncio.run(shared())
