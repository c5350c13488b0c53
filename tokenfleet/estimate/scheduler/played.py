"""What came out of playing an engine: when each request got its tokens, and what each step did."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tokenfleet.estimate.scheduler.request import Request


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """When a request was ``sent``, got its ``first`` token and ended; ``preempted`` is how often it began again.

    ``sent`` is later than the request's own time where its client held it back.
    """

    request: Request
    sent: float
    first: float
    end: float
    preempted: int

    @property
    def ttft(self) -> float:
        """Seconds to the first token, or to the answer that is no text."""
        return self.first - self.sent

    @property
    def tpot(self) -> float:
        """Mean seconds between its tokens; 0 where there are not two."""
        return (self.end - self.first) / max(1, self.request.outputs - 1)


class Stretch(NamedTuple):
    """So many ``steps`` alike, one after the other, that ended at ``end`` and took ``seconds`` each.

    Each served ``served`` requests: gave ``decoded`` of them a token and read ``read`` tokens of the
    prompts of the rest, of which ``finished`` got a token, too. ``running`` requests then held
    ``kv_tokens`` of KV cache.
    """

    end: float
    seconds: float
    steps: int
    served: int
    decoded: int
    read: int
    finished: int
    running: int
    kv_tokens: int


class Gap(NamedTuple):
    """``tokens`` tokens that came ``seconds`` after the one before of their request, the last at ``at``."""

    at: float
    seconds: float
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Played:
    """All of a run. ``answers`` are in the order in which they ended."""

    answers: Sequence[Answer]
    stretches: Sequence[Stretch]
    gaps: Sequence[Gap]

    @property
    def seconds(self) -> float:
        """From time 0 to the end of the last request."""
        return self.answers[-1].end

    @property
    def preemptions(self) -> int:
        """How often a request began again for want of KV cache."""
        return sum(each.preempted for each in self.answers)


def percentile(values: Iterable[float], share: float) -> float:
    """Linear between the two nearest, as numpy and so ``vllm bench serve`` take it."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def gap_percentile(gaps: Iterable[Gap], share: float) -> float:
    """Of seconds between tokens, over tokens."""
    ordered = sorted(gaps, key=lambda gap: gap.seconds)
    rest = share * sum(gap.tokens for gap in ordered)
    for gap in ordered:
        rest -= gap.tokens
        if rest <= 0:
            return gap.seconds
    return ordered[-1].seconds if ordered else 0.0
