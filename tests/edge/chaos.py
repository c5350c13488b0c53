"""What befalls replicas and the edge while many clients ask: chosen by a seed, one after the other."""

import asyncio
import itertools
import random
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from tests.edge.client import Answer, KeptClient
from tests.edge.engines import ScriptedEngine
from tests.edge.envoy import KEYS, Envoy, replaced

# Of one replica: it is lost, ends, has no place left, or breaks off before it answers. Of all: none
# has a place left. Of the edge: keys are rotated.
MISHAPS = ("kill", "drain", "full", "reset", "all full", "rotation")
# How long it lasts, and how long it is calm afterwards, in requests: so a slow machine sees the same.
_LASTS, _CALM = 120, 80
_STREAMED = 0.7


@dataclass(kw_only=True)
class Span:
    """Something about the replica of that name, between two moments."""

    name: str
    begin: float
    end: float = float("inf")

    def meets(self, begin: float, end: float) -> bool:
        """Whether it was so at any time between these."""
        return self.begin < end and begin < self.end


@dataclass(kw_only=True)
class Chaos:
    """``answers`` with the time each was asked for, and the ``mishaps`` that there were.

    ``kills`` are from before a replica is killed until it is gone; while ``full``, all are.
    """

    engines: Sequence[ScriptedEngine]
    envoy: Envoy
    seed: int
    count: int
    answers: list[tuple[float, Answer]] = field(default_factory=list)
    kills: list[Span] = field(default_factory=list[Span])
    full: list[Span] = field(default_factory=list[Span])
    mishaps: list[str] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def run(self, workers: int) -> None:
        """All requests, as fast as so many clients get their answers."""
        asking = [asyncio.create_task(self._ask(number)) for number in range(workers)]
        mishaps = asyncio.create_task(self._befall())
        await asyncio.gather(*asking)
        mishaps.cancel()
        await asyncio.gather(mishaps, return_exceptions=True)

    async def _ask(self, worker: int) -> None:
        source = random.Random(f"{self.seed} {worker}")  # noqa: S311 - a load
        with closing(KeptClient(self.envoy.port, "key-of-alice-1")) as client:
            while next(self._numbers) < self.count:
                if source.random() < 0.5:
                    client.close()
                stream = source.random() < _STREAMED
                start = time.monotonic()
                answer = await client.complete(stream=stream, max_tokens=source.randint(1, 6))
                self.answers.append((start, answer))

    async def _befall(self) -> None:
        source = random.Random(self.seed)  # noqa: S311 - a load
        for number in itertools.count(1):
            mishap, engine = source.choice(MISHAPS), source.choice(self.engines)
            self.mishaps.append(mishap)
            await asyncio.to_thread(self._begin, mishap, engine)
            await self._until(number * (_LASTS + _CALM) - _CALM)
            await asyncio.to_thread(self._end, mishap, engine)
            await self._until(number * (_LASTS + _CALM))

    async def _until(self, answered: int) -> None:
        while len(self.answers) < answered:
            await asyncio.sleep(0.01)

    def _begin(self, mishap: str, engine: ScriptedEngine) -> None:
        if mishap == "kill":
            self.kills.append(Span(name=engine.name, begin=time.monotonic()))
            engine.kill()
            self.kills[-1].end = time.monotonic()
        elif mishap == "rotation":
            self.envoy.keys = {**KEYS, "bob": [f"key-of-bob-{len(self.mishaps)}"]}
            self.envoy.publish(self.envoy.routes())
        elif mishap == "all full":
            self.full.append(Span(name="all", begin=time.monotonic()))
            for every in self.engines:
                every.behave(fault="full")
        else:
            engine.behave(fault=mishap)

    def _end(self, mishap: str, engine: ScriptedEngine) -> None:
        if mishap == "kill":
            engine.restart()
        elif mishap != "rotation":
            for every in self.engines:
                every.behave(fault="")
        if mishap == "all full":
            self.full[-1].end = time.monotonic()


def hurried(bootstrap: Any) -> None:  # noqa: ANN401 - JSON
    """What is minutes in a cluster is seconds here, so a replica is forgiven sooner, too."""
    for key, seconds in (("base_ejection_time", "0.3s"), ("interval", "0.3s")):
        replaced(bootstrap, key, seconds)
