"""What befalls a replica, and the load under which it does."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.edge.client import Answer, Client
from tests.edge.engines import ScriptedEngine
from tests.edge.envoy import replaced
from tests.edge.load import Sent, steady

COUNT, PER_SECOND, STRIKES_AFTER = 310, 20, 6.0
"""Requests, how many a second, and seconds until one of three replicas is struck: the table of the
lab (facts/edge.md, 2026-11-28)."""
HANGING_SECONDS = 3
"""After which a replica that says nothing is left, in the lab."""


def behaviour(faster: float = 1.0) -> Mapping[str, Any]:
    """Of a replica: 0.15 s an answer, so that at 20 a second three run at once, one on each."""
    return {"first": 0.03 / faster, "between": 0.02 / faster}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """``loses``: how many of the load at most; ``is_known_at_once``: or once it has been counted."""

    name: str
    strike: Callable[[ScriptedEngine], None]
    loses: int = 0
    is_known_at_once: bool = True


FAULTS = (
    # Answers that it had begun; those cannot be begun again.
    Fault(name="kill -9", strike=ScriptedEngine.kill, loses=2),
    Fault(name="500 while draining", strike=lambda engine: engine.behave(fault="drain")),
    Fault(name="503, full", strike=lambda engine: engine.behave(fault="full")),
    Fault(name="reset before headers", strike=lambda engine: engine.behave(fault="reset")),
    Fault(name="hangs", strike=lambda engine: engine.behave(fault="hang")),
    # Worse than what vLLM does, which ends when its engine dies. Each answer is begun, and what
    # fails is counted every two seconds; half of the load until it was twice.
    Fault(
        name="breaks every stream",
        strike=lambda engine: engine.behave(fault="die"),
        loses=2 * PER_SECOND,
        is_known_at_once=False,
    ),
)


async def struck(
    fault: Fault,
    engine: ScriptedEngine,
    client: Callable[[], Client],
    *,
    faster: float = 1.0,
    at_once: int = COUNT,
) -> Sequence[Sent]:
    """The load of ``client`` while ``engine`` is struck; ``faster`` shortens it at the same count.

    Of ``at_once`` under way no further one is asked: on a machine that is too slow for the load it
    would have more answers begun on a replica than the lab's had, and as many would be lost with it.
    """
    places = asyncio.Semaphore(at_once)

    async def ask() -> Answer:
        async with places:
            return await client().complete(stream=True, max_tokens=6)

    async def strike() -> None:
        await asyncio.sleep(STRIKES_AFTER / faster)
        await asyncio.to_thread(fault.strike, engine)

    load, _ = await asyncio.gather(
        steady(ask, count=COUNT, per_second=PER_SECOND * faster), strike()
    )
    return load


def hurried(routes: Any) -> None:  # noqa: ANN401 - JSON
    """The edge waits less for a replica that hangs than it does in the cluster."""
    replaced(routes, "per_try_idle_timeout", f"{HANGING_SECONDS}s")
