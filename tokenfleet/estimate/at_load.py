"""What a replica does in steady state at a load below saturation: output, and what users wait for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.estimate.poisson import poisson_p99
from tokenfleet.estimate.quantiles import Quantiles, log_normal, ordered
from tokenfleet.estimate.step import StepTimes
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.estimate.traffic import RequestShape

QUEUE_GROWS_ABOVE = 0.85
"""Share of theta above which waiting grows out of hand: say so instead of a latency."""

# Halvings that bring the number of running requests to a millionth.
_HALVINGS = 40


@dataclass(frozen=True, kw_only=True)
class Served:
    """One replica in steady state at a load: what it completes, and what its users wait for.

    ``utilisation`` is offered output tokens over theta. Latencies are in seconds: time to the
    first token and between tokens, median and 99th percentile over requests and over tokens;
    their range is that of the estimate. They are None where ``queue_grows``: there they depend
    on for how long it has grown. Where the answer is no text, its time is that to the first token,
    and there is none between tokens.
    """

    utilisation: Quantiles
    requests_per_second: Quantiles
    output_tokens_per_second: Quantiles
    queue_grows: bool
    ttft: Quantiles | None
    ttft_p99: Quantiles | None
    itl: Quantiles | None
    itl_p99: Quantiles | None


def at_load(found: Saturation, requests_per_second: float) -> Served:
    """What one replica does with its share of the load, in steady state."""
    offered = requests_per_second * found.shape.produced
    utilisation = found.theta.under(offered)
    grows = utilisation.p50 > QUEUE_GROWS_ABOVE
    output = Quantiles(
        p10=min(offered, found.theta.p10),
        p50=min(offered, found.theta.p50),
        p90=min(offered, found.theta.p90),
    )
    spread = log_normal(1, found.sigma)
    waits: Sequence[Quantiles] | Sequence[None] = [None] * 4
    if not grows:
        cases = [
            _waits(found, requests_per_second, slow)
            for slow in (spread.p10, spread.p50, spread.p90)
        ]
        waits = [ordered(figures) for figures in zip(*cases, strict=True)]
    ttft, ttft_p99, itl, itl_p99 = waits
    if found.shape.is_pooled:
        itl = itl_p99 = None
    return Served(
        utilisation=utilisation,
        requests_per_second=output * (1 / found.shape.produced),
        output_tokens_per_second=output * (found.shape.output_tokens / found.shape.produced),
        queue_grows=grows,
        ttft=ttft,
        ttft_p99=ttft_p99,
        itl=itl,
        itl_p99=itl_p99,
    )


def running_at(step: StepTimes, shape: RequestShape, output_per_second: float, most: int) -> float:
    """How many requests run at that output (Little's law), at most ``most``."""
    least, running = 0.0, float(most)
    if step.rate(running, shape) <= output_per_second:
        return running
    for _ in range(_HALVINGS):
        middle = (least + running) / 2
        if step.rate(middle, shape) < output_per_second:
            least = middle
        else:
            running = middle
    return running


def token_gap(step: StepTimes, shape: RequestShape, output_per_second: float, most: int) -> float:
    """Mean seconds between two tokens of a request: it shares steps with those that run."""
    others = running_at(step, shape, output_per_second, most)
    return step.cycle(min(float(most), others + 1), shape)


def _waits(
    found: Saturation, requests_per_second: float, slow: float
) -> tuple[float, float, float, float]:
    """Seconds to the first token (median, p99) and between tokens (mean, p99)."""
    step, shape = found.step.slowed(slow), found.shape
    offered = requests_per_second * shape.produced
    running = running_at(step, shape, offered, found.concurrency)
    gap = token_gap(step, shape, offered, found.concurrency)
    # A prompt longer than a step may hold is read in several; others take part in each.
    chunks = max(1, math.ceil(shape.uncached_input_tokens / found.batched_tokens))
    prompt = step.with_prompt(running, shape.mean_context, shape) + (chunks - 1) * gap
    first = found.request_seconds + gap / 2 + prompt
    # The worst of a hundred gaps contains the prompts that arrive together in one step: none
    # while fewer than one gap in a hundred sees any.
    together = poisson_p99(requests_per_second * gap)
    if not together:
        return first, first * found.first_token_p99, gap, gap
    most = found.batched_tokens / max(1.0, shape.uncached_input_tokens)
    read = min(1.0, most) if together == 1 else min(float(together), max(1.0, most))
    prefill = step.prefill(shape.uncached_input_tokens, shape.cached_input_tokens)
    worst = step.with_prompt(running, shape.mean_context, shape) + (read - 1) * prefill
    return first, first * found.first_token_p99, gap, max(gap, worst)
