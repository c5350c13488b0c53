"""What is sent to an engine: when, and how long it is."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tokenfleet.estimate.traffic import Arrivals, RequestShape

# Every run draws the same gaps and lengths, so that an answer does not depend on luck.
_SEED = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request: sent at ``at`` seconds, its lengths in tokens.

    Of ``prompt`` the engine finds ``cached`` in its prefix cache; it writes ``written``, or where
    that is 0 answers with what the end of the prompt gives.
    """

    at: float
    prompt: int
    cached: int
    written: int

    @property
    def outputs(self) -> int:
        """Tokens that it waits for: an answer that is no text counts as one."""
        return max(1, self.written)


def requests_of(
    shape: RequestShape,
    arrivals: Arrivals,
    count: int,
    *,
    input_variation: float = 0.0,
    output_variation: float = 0.0,
) -> Sequence[Request]:
    """``count`` requests of that shape, on the mean.

    Lengths are log-normal; the variations are their standard deviations over their means, 0 for
    requests that are all alike. All gaps sum to the number of requests over their rate, as
    ``vllm bench serve`` scales them.
    """
    prompts = _lengths(shape.input_tokens, input_variation, count, "prompts")
    outputs = _lengths(shape.output_tokens, output_variation, count, "outputs")
    found: list[Request] = []
    now = 0.0
    for gap, prompt, written in zip(
        _unit_gaps(count, arrivals.burstiness), prompts, outputs, strict=True
    ):
        now += gap / arrivals.requests_per_second
        cached = min(prompt - 1, round(prompt * shape.cached_share))
        found.append(Request(at=now, prompt=prompt, cached=cached, written=written))
    return found


def _lengths(mean: float, variation: float, count: int, which: str) -> Sequence[int]:
    """Whole tokens; a prompt has one at least, which the engine reads even if it knows it."""
    least = 1 if mean or which == "prompts" else 0
    if not variation or not mean:
        return [max(least, round(mean))] * count
    sigma = math.sqrt(math.log1p(variation**2))
    median = mean / math.exp(sigma**2 / 2)
    draw = random.Random(f"{_SEED} {which}")  # noqa: S311 - lengths are no secret
    return [max(least, round(draw.lognormvariate(math.log(median), sigma))) for _ in range(count)]


@cache
def _unit_gaps(count: int, burstiness: float) -> Sequence[float]:
    """Gamma gaps whose sum is their number."""
    draw = random.Random(_SEED)  # noqa: S311 - arrivals are no secret
    gaps = [draw.gammavariate(burstiness, 1 / burstiness) for _ in range(count)]
    scale = count / sum(gaps)
    return [gap * scale for gap in gaps]
