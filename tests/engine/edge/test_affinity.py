"""What a real engine keeps of prompts is found by requests that begin alike."""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import replace

from tests.edge.client import Client
from tests.edge.edges import Edges
from tests.edge.envoy import KEYS
from tests.engine.edge.places import served_by
from tests.engine.engine import Engine
from tokenfleet.plan.edge.affinity import AffinityPlan

_PROMPTS = 8
_TIMES = 3


def _hit_tokens(engines: Sequence[Engine]) -> int:
    metric = r"^vllm:prefix_cache_hits_total\{.*\} (\S+)$"
    texts = (engine.metrics() for engine in engines)
    return sum(int(float(n)) for text in texts for n in re.findall(metric, text, re.MULTILINE))


def test_a_prompt_is_found_in_the_cache_whenever_it_comes_again(
    edges: Edges, pair: Sequence[Engine]
) -> None:
    name = replace(served_by(pair), affinity=AffinityPlan(kind="prefix", reason="a test"))
    envoy = edges.envoy(name)
    # Another one that is found later takes a part of the ring.
    envoy.await_healthy(name.name, len(pair))
    client = Client(envoy.port, KEYS["alice"][0], patience=120)

    async def ask(prompt: int) -> int:
        """Tokens of it that were in a cache."""
        before = await asyncio.to_thread(_hit_tokens, pair)
        # Some hundred tokens, unlike the others from the first on.
        system = {"role": "system", "content": f"{prompt} is what it is about. " * 30}
        body = {"model": name.name, "messages": [system], "max_tokens": 1}
        answer = await client.send("POST", "/v1/chat/completions", json.dumps(body).encode())
        assert answer.status == 200, answer
        return await asyncio.to_thread(_hit_tokens, pair) - before

    async def all_of_them() -> Sequence[Sequence[int]]:
        return [[await ask(prompt) for _ in range(_TIMES)] for prompt in range(_PROMPTS)]

    # By least request both times of all eight would meet the right one of two once in 4 ** 8.
    for _, *again in asyncio.run(all_of_them()):
        assert min(again) > 0
