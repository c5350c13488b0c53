"""Requests that share how they begin, or share nothing; drawn from a seed, so that all ways to balance meet the same ones."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# A token is so many characters to the replicas of this bench.
TOKEN_CHARACTERS = 4
_ARRIVALS_CV = 2.0
_ANSWERS_CV = 1.2


@dataclass(frozen=True, kw_only=True)
class Load:
    """Mean lengths in tokens; prefixes are drawn by Zipf's law with exponent 1."""

    name: str
    requests_per_second: float
    prefixes: int
    prefix_tokens: int
    own_tokens: int
    answer_tokens: int = 60


SHARED = Load(
    name="shared", requests_per_second=15, prefixes=12, prefix_tokens=2000, own_tokens=200
)
UNSHARED = Load(
    name="unshared", requests_per_second=36, prefixes=0, prefix_tokens=0, own_tokens=400
)
ALIKE = Load(name="alike", requests_per_second=15, prefixes=1, prefix_tokens=2000, own_tokens=200)
"""One application: all prompts begin the same."""
_SHARING_TOKENS = 2200


def sharing(share: float) -> Load:
    """Twelve beginnings of that share of a prompt; without any cache, three quarters of the prefill."""
    prefix = round(share * _SHARING_TOKENS)
    return Load(
        name=f"{share:.0%} shared",
        requests_per_second=8,
        prefixes=12,
        prefix_tokens=prefix,
        own_tokens=_SHARING_TOKENS - prefix,
    )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request: when after the start, what, and how long its answer is."""

    at_seconds: float
    prefix: str
    own: str
    answer_tokens: int

    def body(self, model: str) -> dict[str, object]:
        """A chat, streamed; its prefix is the system prompt."""
        system = [{"role": "system", "content": self.prefix}] if self.prefix else []
        return {
            "messages": [*system, {"role": "user", "content": self.own}],
            "model": model,
            "max_tokens": self.answer_tokens,
            "stream": True,
        }


def requests(load: Load, seconds: float, seed: int) -> Sequence[Asked]:
    """All that arrive within ``seconds``."""
    rng = random.Random(seed)  # noqa: S311 - a load, no secret
    prefixes = [_text(rng, load.prefix_tokens) for _ in range(load.prefixes)]
    popularity = [1 / rank for rank in range(1, load.prefixes + 1)]
    return [
        Asked(
            at_seconds=at,
            prefix=rng.choices(prefixes, popularity)[0] if prefixes else "",
            own=_text(rng, load.own_tokens),
            answer_tokens=max(1, round(_gamma(rng, load.answer_tokens, _ANSWERS_CV))),
        )
        for at in itertools.takewhile(lambda at: at < seconds, _arrivals(rng, load))
    ]


def _arrivals(rng: random.Random, load: Load) -> Iterator[float]:
    return itertools.accumulate(
        _gamma(rng, 1 / load.requests_per_second, _ARRIVALS_CV) for _ in itertools.count()
    )


def _gamma(rng: random.Random, mean: float, variation: float) -> float:
    shape = 1 / variation**2
    return rng.gammavariate(shape, mean / shape)


def _text(rng: random.Random, tokens: int) -> str:
    return rng.randbytes(tokens * TOKEN_CHARACTERS // 2).hex()
