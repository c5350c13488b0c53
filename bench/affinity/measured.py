"""Least request and affinity at once: two Envoys, each with three replicas of its own, and the same requests."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.affinity.client import first_tokens
from bench.affinity.load import Asked, Load, requests
from bench.affinity.replica import Replica
from tests.edge.envoy import KEYS, Envoy
from tokenfleet.plan.edge.affinity import AffinityPlan, Kind
from tokenfleet.plan.edge.served import Backend, ServedName

REPLICAS = 3
KINDS: Sequence[Kind] = ("least request", "prefix")
_MODEL = "m"
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


def measured(load: Load, *, seconds: float, seed: int) -> Measured:
    """Send what arrives in ``seconds`` both ways, at the same time, on a machine that is equally busy for both."""
    asked = requests(load, seconds, seed)
    with tempfile.TemporaryDirectory() as folder:
        outcomes, late = asyncio.run(_both(Path(folder), asked))
    return Measured(load=load, outcomes=outcomes, late_ms=late * 1000)


async def _both(folder: Path, asked: Sequence[Asked]) -> tuple[Mapping[Kind, Outcome], float]:
    watch = asyncio.create_task(_late())
    found = await asyncio.gather(*(_outcome(kind, folder / kind, asked) for kind in KINDS))
    watch.cancel()
    late = await watch
    return dict(zip(KINDS, found, strict=True)), statistics.quantiles(late, n=100)[98]


async def _outcome(kind: Kind, folder: Path, asked: Sequence[Asked]) -> Outcome:
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
            # What is resolved later than the first replica, and news of their health.
            await asyncio.sleep(2)
            headers = {"authorization": f"Bearer {KEYS['alice'][0]}"}
            times = await first_tokens(asked, envoy.port, model=_MODEL, headers=headers)
        finally:
            await asyncio.to_thread(envoy.stop)
    percentiles = statistics.quantiles(times, n=100)
    return Outcome(
        requests=len(times),
        hit_share=sum(r.hit_tokens for r in replicas) / sum(r.prompt_tokens for r in replicas),
        p50_ms=percentiles[49] * 1000,
        p90_ms=percentiles[89] * 1000,
        p99_ms=percentiles[98] * 1000,
    )


async def _late() -> Sequence[float]:
    late = [0.0, 0.0]
    try:
        while True:
            before = time.monotonic()
            await asyncio.sleep(_TICK_SECONDS)
            late.append(time.monotonic() - before - _TICK_SECONDS)
    except asyncio.CancelledError:
        return late


def _served(kind: Kind, ports: Sequence[int]) -> ServedName:
    return ServedName(
        name=_MODEL,
        adapters=[],
        task="generate",
        routes=["/v1/chat/completions"],
        backends=[
            Backend(
                model=_MODEL,
                host="127.0.0.1",
                port=port,
                weight=1,
                priority=0,
                most_replicas=1,
                bound=4096,
                engine_holds=True,
            )
            for port in ports
        ],
        affinity=AffinityPlan(kind=kind, reason="measured"),
        context_length=4096,
        retry_after_seconds=1,
        start_seconds=1,
        guard=4096,
    )
