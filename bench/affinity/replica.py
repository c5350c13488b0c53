"""A replica as far as balancing goes: slots, one prefill at a time, and a cache of how prompts began."""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.affinity.load import TOKEN_CHARACTERS

SLOTS = 8
PREFILL_TOKENS_PER_SECOND = 8000
CACHE_TOKENS = 12_800
ANSWER_TOKENS_PER_SECOND = 125
# vLLM's, on a GPU (docs.vllm.ai, --block-size, 2026-11).
BLOCK_TOKENS = 16


class PrefixCache:
    """Blocks of prompts, each known by all that is before it; the least lately used one goes first."""

    def __init__(self, tokens: int = CACHE_TOKENS) -> None:
        self._most = tokens // BLOCK_TOKENS
        self._blocks: OrderedDict[int, None] = OrderedDict()

    def cached_tokens(self, prompt: str) -> int:
        """Tokens of the prompt that need no prefill; the last block always does, as in vLLM."""
        found = 0
        for block in self._chain(prompt)[:-1]:
            if block not in self._blocks:
                break
            found += 1
        return found * BLOCK_TOKENS

    def keep(self, prompt: str) -> None:
        """Its ends go before its beginning."""
        for block in reversed(self._chain(prompt)):
            self._blocks[block] = None
            self._blocks.move_to_end(block)
        while len(self._blocks) > self._most:
            self._blocks.popitem(last=False)

    def _chain(self, prompt: str) -> list[int]:
        size = BLOCK_TOKENS * TOKEN_CHARACTERS
        chain: list[int] = []
        before = 0
        for at in range(0, len(prompt) // size * size, size):
            before = hash((before, prompt[at : at + size]))
            chain.append(before)
        return chain


@dataclass(kw_only=True)
class Replica:
    """Counts tokens of prompts, and those of them that it still had."""

    prompt_tokens: int = 0
    hit_tokens: int = 0
    most_at_once: int = 0
    _running: int = 0
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SLOTS))
    _prefilled_at: float = 0.0
    _cache: PrefixCache = field(default_factory=PrefixCache)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until its other end closes it."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                if head.startswith(b"GET"):
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                else:
                    await self._answer(json.loads(body), writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the other end left, or the measurement is over
        finally:
            writer.close()

    async def _answer(self, body: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        try:
            async with self._slots:
                await self._first_token(_prompt(body))
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                    b"transfer-encoding: chunked\r\n\r\n" + _chunk(b"data: {}\n\n")
                )
                await writer.drain()
                await asyncio.sleep(body["max_tokens"] / ANSWER_TOKENS_PER_SECOND)
                writer.write(_chunk(b"data: [DONE]\n\n") + _chunk(b""))
        finally:
            self._running -= 1

    async def _first_token(self, prompt: str) -> None:
        """One after the other; by the clock, so that a late wake-up of this process delays nobody else."""
        tokens = len(prompt) // TOKEN_CHARACTERS
        hit = self._cache.cached_tokens(prompt)
        self._cache.keep(prompt)
        self.prompt_tokens += tokens
        self.hit_tokens += hit
        now = time.monotonic()
        begins = max(now, self._prefilled_at)
        self._prefilled_at = begins + (tokens - hit) / PREFILL_TOKENS_PER_SECOND
        await asyncio.sleep(self._prefilled_at - now)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _prompt(body: Mapping[str, Any]) -> str:
    return "".join(message["content"] for message in body["messages"])


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
