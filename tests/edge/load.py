"""Requests that come whether or not earlier ones were answered, as those of many clients do."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.edge.client import Answer
from tests.edge.engines import ScriptedEngine

# Until a test should fail.
_PLACED_SECONDS = 60
Ask = Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request of a load: when it was sent, seconds after the first, and what came back."""

    at: float
    answer: Answer


async def steady(ask: Ask, *, count: int, per_second: float) -> Sequence[Sent]:
    """As many a second, one after the other, and the answers of all of them."""
    return await spaced(ask, [number / per_second for number in range(count)])


async def spaced(ask: Ask, seconds: Sequence[float]) -> Sequence[Sent]:
    """One at each of these seconds from now; one that is late does not move the others."""
    start = time.monotonic()

    async def send(second: float) -> Sent:
        await asyncio.sleep(start + second - time.monotonic())
        return Sent(at=time.monotonic() - start, answer=await ask())

    return await asyncio.gather(*(send(second) for second in seconds))


async def burst(ask: Ask, count: int) -> Sequence[Answer]:
    """All at once."""
    return await asyncio.gather(*(ask() for _ in range(count)))


async def held(engines: Sequence[ScriptedEngine], asks: Sequence[Ask], *, fit: int) -> list[Answer]:
    """All at once, and none is let go before ``fit`` are in the engines and the rest has its answer.

    So what fits does not depend on how soon the last is asked after the first.
    """
    for engine in engines:
        await asyncio.to_thread(engine.behave, held=True)
    asking = [asyncio.ensure_future(ask()) for ask in asks]
    beyond = len(asks) - fit

    async def are_placed() -> bool:
        answered = sum(asked.done() for asked in asking)
        return answered > beyond or (
            answered == beyond and await asyncio.to_thread(inside, engines) == fit
        )

    async with asyncio.timeout(_PLACED_SECONDS):
        while not await are_placed():
            await asyncio.sleep(0.05)
    for engine in engines:
        await asyncio.to_thread(engine.behave, held=False)
    return await asyncio.gather(*asking)


def inside(engines: Sequence[ScriptedEngine]) -> int:
    """Requests that they hold, running or waiting."""
    told = [engine.did() for engine in engines]
    return sum(found["running"] + found["waiting"] for found in told)


def endings(answers: Sequence[Answer]) -> Counter[str]:
    """How many ended how."""
    return Counter(answer.ending for answer in answers)


def lost(load: Sequence[Sent]) -> Sequence[Sent]:
    """Those without a complete answer."""
    return [sent for sent in load if sent.answer.ending != "complete"]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that so many are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
