"""A replica ends behind the edge: what its clients see, and what they do not."""

import asyncio

from tests.edge.client import Client
from tests.edge.edges import Edges
from tests.edge.envoy import KEYS, Envoy
from tests.engine.edge.places import SLOTS, ask, forbearing, inside, lasting, served_by, until
from tests.engine.engine import Engine

PATH = "/v1/completions"


def test_a_killed_replica_breaks_the_streams_that_had_begun_and_no_other(
    edges: Edges, last: Engine
) -> None:
    """Those that waited in it are answered by another: nobody had been told anything of them."""
    killed = last
    other = edges.engine(slots=64, between=0.01)
    envoy = edges.envoy(served_by([killed, other]))
    envoy.await_healthy(killed.model, 2)
    client = _client(envoy)

    async def lost() -> None:
        # Least request: about half of them on each.
        count = 2 * (SLOTS + 2)
        async with lasting(client, PATH, killed.model, count, streamed=True) as asked:
            await until(lambda: killed.requests_running() == SLOTS)
            await until(lambda: killed.requests_waiting() > 0)
            # Those that run have had a token.
            written = killed.tokens_written()
            await until(lambda: killed.tokens_written() > written + SLOTS)
            killed.kill()
            await until(lambda: other.did()["running"] == count - SLOTS)
            # The edge tells of it a second later (its delayed_close_timeout).
            await until(lambda: sum(one.done() for one in asked) >= SLOTS)
            broken = [one.result() for one in asked if one.done()]
            assert {(answer.ending, answer.status) for answer in broken} == {("broken", 200)}
            assert len(broken) == SLOTS
            assert other.did()["running"] == count - SLOTS

    asyncio.run(lost())


def test_a_draining_replica_finishes_what_it_has_and_another_takes_what_is_new(
    edges: Edges, last: Engine
) -> None:
    ending = last
    both = edges.envoy(served_by([ending, edges.engine()]))
    both.await_healthy(ending.model, 2)
    client = _client(both)
    alone = _client(edges.envoy(served_by([ending]), edit=forbearing))

    async def drained() -> None:
        begun = [
            asyncio.ensure_future(ask(alone, PATH, ending.model, 2000, stream=streamed))
            for streamed in (True, False)
        ]
        await until(lambda: inside([ending]) == len(begun))
        ending.terminate()
        await asyncio.to_thread(ending.await_log, "draining in-flight requests")
        for number in range(20):
            answer = await ask(client, PATH, ending.model, 1, stream=number % 2 == 0)
            assert answer.status == 200, answer
        # With no other to ask the engine's own word, which OpenAI's clients take for "later".
        refused = await ask(alone, PATH, ending.model, 1)
        assert refused.status == 500
        assert {answer.ending for answer in await asyncio.gather(*begun)} == {"complete"}
        await until(lambda: not ending.is_running)
        gone = await ask(alone, PATH, ending.model, 1)
        assert (gone.ending, gone.status) == ("refused", 503), gone

    asyncio.run(drained())


def _client(envoy: Envoy) -> Client:
    return Client(envoy.port, KEYS["alice"][0], patience=600)
