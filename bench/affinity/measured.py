"""Least request and affinity at once: two Envoys, each with three replicas of its own, and the same requests."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bench.affinity.client import first_tokens
from bench.affinity.load import Asked, Load, requests
from bench.affinity.replica import Replica
from tests.edge.edges import served
from tests.edge.envoy import KEYS, Envoy
from tokenfleet.plan.edge.affinity import AffinityPlan, Kind
from tokenfleet.plan.edge.served import Backend, ServedName

REPLICAS = 3
KINDS: Sequence[Kind] = ("least request", "prefix")
_MODEL = "m"
_NEVER_FULL = 4096
_TICK_SECONDS = 0.01


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of one way to choose replicas; ``hit_share`` is of all tokens of prompts."""

    requests: int
    hit_share: float
    p50_ms: float
    p90_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Both ways; ``late_ms`` is how late this process woke up, 99th percentile: trust no time near it."""

    load: Load
    outcomes: Mapping[Kind, Outcome]
    late_ms: float

    @property
    def faster(self) -> float:
        """How many times sooner the median first token comes with affinity."""
        return self.outcomes["least request"].p50_ms / self.outcomes["prefix"].p50_ms


@dataclass(frozen=True, kw_only=True)
class _Round:
    """Seconds until the first token of each request, and tokens of prompts on all replicas."""

    seconds: Sequence[float]
    prompt_tokens: int
    hit_tokens: int


def measured(load: Load, *, seconds: float, seeds: Sequence[int]) -> Measured:
    """Send what arrives in ``seconds`` both ways at the same time, so that a busy machine is so for both.

    Each seed is a round with other requests and another ring: addresses are other ones, and which
    beginnings meet on one replica is luck.
    """
    rounds: dict[Kind, list[_Round]] = {kind: [] for kind in KINDS}
    late: list[float] = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            both = asyncio.run(_both(Path(folder), requests(load, seconds, seed), late))
        for kind, found in zip(KINDS, both, strict=True):
            rounds[kind].append(found)
    return Measured(
        load=load,
        outcomes={kind: _outcome(found) for kind, found in rounds.items()},
        late_ms=statistics.quantiles(late, n=100)[98] * 1000,
    )


def _outcome(rounds: Sequence[_Round]) -> Outcome:
    every = [seconds for each in rounds for seconds in each.seconds]
    percentiles = statistics.quantiles(every, n=100)
    return Outcome(
        requests=len(every),
        hit_share=sum(r.hit_tokens for r in rounds) / sum(r.prompt_tokens for r in rounds),
        p50_ms=percentiles[49] * 1000,
        p90_ms=percentiles[89] * 1000,
        p99_ms=percentiles[98] * 1000,
    )


async def _both(folder: Path, asked: Sequence[Asked], late: list[float]) -> Sequence[_Round]:
    watch = asyncio.create_task(_watch(late))
    try:
        return await asyncio.gather(*(_round(kind, folder / kind, asked) for kind in KINDS))
    finally:
        watch.cancel()


async def _round(kind: Kind, folder: Path, asked: Sequence[Asked]) -> _Round:
    replicas = [Replica() for _ in range(REPLICAS)]
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(
                await asyncio.start_server(each.serve, "127.0.0.1", 0, limit=2**20)
            )
            for each in replicas
        ]
        ports = [int(server.sockets[0].getsockname()[1]) for server in servers]
        envoy = await asyncio.to_thread(Envoy, folder, [_served(kind, ports)])
        try:
            # It is ready with the first replica that it found.
            await asyncio.to_thread(envoy.await_healthy, _MODEL, REPLICAS)
            headers = {"authorization": f"Bearer {KEYS['alice'][0]}"}
            seconds = await first_tokens(asked, envoy.port, model=_MODEL, headers=headers)
        finally:
            await asyncio.to_thread(envoy.stop)
    return _Round(
        seconds=seconds,
        prompt_tokens=sum(each.prompt_tokens for each in replicas),
        hit_tokens=sum(each.hit_tokens for each in replicas),
    )


async def _watch(late: list[float]) -> None:
    """How late this process wakes up."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(_TICK_SECONDS)
        late.append(time.monotonic() - before - _TICK_SECONDS)


def _served(kind: Kind, ports: Sequence[int]) -> ServedName:
    backends = [
        Backend(
            model=_MODEL,
            host="127.0.0.1",
            port=port,
            weight=1,
            priority=0,
            most_replicas=1,
            bound=_NEVER_FULL,
            engine_holds=True,
        )
        for port in ports
    ]
    affinity = AffinityPlan(kind=kind, reason="measured")
    return replace(served([], guard=_NEVER_FULL), backends=backends, affinity=affinity)
