"""A replica ends behind the edge: what its clients see, and what they do not."""

import asyncio
from collections.abc import Sequence

from tests.edge.client import Client
from tests.edge.edges import Edges
from tests.edge.envoy import KEYS, Envoy
from tests.engine.edge.places import SLOTS, ask, inside, lasting, served_by, until
from tests.engine.engine import Engine

PATH = "/v1/completions"
_DRAINING = "draining in-flight requests"


def test_a_killed_replica_breaks_the_streams_that_had_begun_and_no_other(
    client: Client, edges: Edges, pair: Sequence[Engine]
) -> None:
    """Those that waited in it are answered by another: nobody had been told anything of them."""
    killed, _ = pair
    other = edges.engine("other", slots=64, between=0.01)
    envoy = edges.envoy(served_by([killed, other]))
    del client

    async def lost() -> None:
        mine = Client(envoy.port, KEYS["alice"][0], patience=120)
        # Least request: half of them on each.
        count = 2 * (SLOTS + 2)
        async with lasting(mine, PATH, killed.model, count, streamed=True) as asked:
            await until(lambda: killed.requests_running() == SLOTS)
            await until(lambda: killed.requests_waiting() >= 1)
            waiting = killed.requests_waiting()
            killed.kill()
            await until(lambda: sum(one.done() for one in asked) >= SLOTS)
            await asyncio.sleep(2)
            broken = [one.result() for one in asked if one.done()]
            assert {(answer.ending, answer.status) for answer in broken} == {("broken", 200)}
            assert len(broken) == SLOTS
            assert other.did()["running"] == count - SLOTS
            assert waiting

    asyncio.run(lost())


def test_a_draining_replica_finishes_what_it_has_and_others_take_what_is_new(
    client: Client, edges: Edges, envoy: Envoy, pair: Sequence[Engine]
) -> None:
    ending, other = pair
    alone = Client(edges.envoy(served_by([ending])).port, KEYS["alice"][0], patience=120)

    async def drained() -> None:
        direct = [
            asyncio.ensure_future(ask(alone, PATH, ending.model, 2000, stream=streamed))
            for streamed in (True, False)
        ]
        await until(lambda: inside([ending]) == 2)
        ending.terminate()
        await asyncio.to_thread(ending.await_log, _DRAINING)
        for number in range(20):
            answer = await ask(client, PATH, ending.model, 1, stream=number % 2 == 0)
            assert answer.ending == "complete", answer
        # With no other to ask, the engine's own word: OpenAI's clients repeat it like a 503.
        refused = await ask(alone, PATH, ending.model, 1)
        assert refused.status in (500, 503), refused
        assert {answer.ending for answer in await asyncio.gather(*direct)} == {"complete"}
        await until(lambda: not ending.is_running)
        gone = await ask(alone, PATH, ending.model, 1)
        assert (gone.ending, gone.status) == ("refused", 503), gone

    asyncio.run(drained())
    assert other.is_running
    assert envoy.access_log()
