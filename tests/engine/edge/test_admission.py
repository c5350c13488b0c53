"""As many requests as the engines have places are let in, and each further one is a truthful 429."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.edge.client import Client
from tests.engine.edge.places import ASKED, BOUND, ask, inside, lasting, until
from tests.engine.engine import Engine

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
