"""What a replica does in steady state at a load below saturation: output, and what users wait for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tokenfleet.estimate.poisson import poisson_p99
from tokenfleet.estimate.quantiles import Quantiles, log_normal
from tokenfleet.estimate.queue import one_server, quantile, shared_places
from tokenfleet.estimate.step import StepTimes
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.estimate.traffic import RequestShape

QUEUE_GROWS_ABOVE = 0.85
"""Share of theta above which waiting grows out of hand: say so instead of a latency."""

# A load at which a replica still has a steady state.
_NEARLY_FULL = 0.97
# Halvings that bring a time between tokens to what a float holds.
_HALVINGS = 50
P90_OF_P99 = 1.2816 / 2.3263
"""Of a normal distribution's distance from its median to its 99th percentile, that to its 90th."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """One replica in steady state at a load: what it completes, and what its users wait for.

    ``utilisation`` is offered output tokens over theta. Latencies are in seconds: time to the
    first token (median, 90th and 99th percentile over requests) and between tokens (mean, and 99th percentile over tokens);
    their range is that of the estimate. They are None where ``queue_grows``: there they depend
    on for how long it has grown. Where the answer is no text, its time is that to the first token,
    and there is none between tokens.
    """

    utilisation: Quantiles
    requests_per_second: Quantiles
    output_tokens_per_second: Quantiles
    queue_grows: bool
    ttft: Quantiles | None
    ttft_p90: Quantiles | None
    ttft_p99: Quantiles | None
    itl: Quantiles | None
    itl_p99: Quantiles | None


@dataclass(frozen=True, kw_only=True)
class Running:
    """What runs on a replica at a load: ``gap`` seconds from step to step, ``beside`` how many others run."""

    gap: float
    beside: float


class Waits(NamedTuple):
    """Seconds to the first token (median, 90th and 99th percentile) and between tokens (mean, 99th)."""

    ttft: float
    ttft_p90: float
    ttft_p99: float
    itl: float
    itl_p99: float


def at_load(found: Saturation, requests_per_second: float, burstiness: float = 1.0) -> Served:
    """What one replica does with its share of the load, in steady state.

    ``burstiness`` is that of ``traffic.Arrivals``: 1 for arrivals that know nothing of each other.
    """
    offered = requests_per_second * found.shape.produced
    utilisation = found.theta.under(offered)
    grows = utilisation.p50 > QUEUE_GROWS_ABOVE
    output = Quantiles(
        p10=min(offered, found.theta.p10),
        p50=min(offered, found.theta.p50),
        p90=min(offered, found.theta.p90),
    )
    times: Sequence[Quantiles] | Sequence[None] = [None] * 5
    if not grows:
        times = _with_ranges(found, requests_per_second, burstiness, utilisation.p50)
    ttft, ttft_p90, ttft_p99, itl, itl_p99 = times
    if found.shape.is_pooled:
        itl = itl_p99 = None
    return Served(
        utilisation=utilisation,
        requests_per_second=output * (1 / found.shape.produced),
        output_tokens_per_second=output * (found.shape.output_tokens / found.shape.produced),
        queue_grows=grows,
        ttft=ttft,
        ttft_p90=ttft_p90,
        ttft_p99=ttft_p99,
        itl=itl,
        itl_p99=itl_p99,
    )


def running_beside(
    step: StepTimes, shape: RequestShape, requests_per_second: float, most: int
) -> Running:
    """What a request meets: arrivals that know nothing of each other see the mean (PASTA).

    The time g from step to step is that of 1 + l (n - 1) g requests, by Little's law, of l requests a second with n
    steps each, which now and then reads the prompt of another. Its own prompt was read before.
    """
    steps = step.steps(shape) - 1

    def gap(assumed: float) -> float:
        running = min(float(most), 1 + requests_per_second * steps * assumed)
        return step.gap(running, shape, requests_per_second * assumed)

    least, longest = gap(0.0), step.cycle(float(most), shape)
    if longest < least or gap(longest) > longest:
        least = longest
    for _ in range(_HALVINGS):
        middle = (least + longest) / 2
        least, longest = (middle, longest) if gap(middle) > middle else (least, middle)
    return Running(gap=longest, beside=min(float(most) - 1, requests_per_second * steps * longest))


def running_at(step: StepTimes, shape: RequestShape, output_per_second: float, most: int) -> float:
    """How many requests run at that output (Little's law), at most ``most``."""
    requests = output_per_second / shape.produced
    found = running_beside(step, shape, requests, most)
    reading = step.mixed(found.beside, shape.mean_context, *_prompt(step, shape, 1))
    return min(float(most), requests * (reading + (step.steps(shape) - 1) * found.gap))


def token_gap(step: StepTimes, shape: RequestShape, output_per_second: float, most: int) -> float:
    """Mean seconds between two tokens of a request: it shares steps with those that run."""
    gap = running_beside(step, shape, output_per_second / shape.produced, most).gap
    return gap / step.drafting.kept


def _with_ranges(
    found: Saturation, requests_per_second: float, burstiness: float, utilisation: float
) -> Sequence[Quantiles]:
    """By how much times are off in themselves, and what a slower or faster replica makes of a queue."""
    spread, theta = found.spread, log_normal(1, found.spread.theta)
    # A replica that is slower yet has no steady state.
    slow = max(1.0, min(theta.p90, _NEARLY_FULL / utilisation)) if utilisation else theta.p90
    fast, middle, late = (
        waits(found, requests_per_second, factor, burstiness) for factor in (theta.p10, 1.0, slow)
    )
    sigmas = (spread.first, spread.first_p99, spread.first_p99, spread.gap, spread.gap)
    return [
        Quantiles(
            p10=min(times[0], log_normal(times[1], sigma).p10),
            p50=times[1],
            p90=max(times[2], log_normal(times[1], sigma).p90),
        )
        for times, sigma in zip(zip(fast, middle, late, strict=True), sigmas, strict=True)
    ]


def _prompt(step: StepTimes, shape: RequestShape, chunks: float) -> tuple[float, float]:
    """Tokens and seconds of a step's part of a prompt."""
    tokens = shape.uncached_input_tokens
    return tokens / chunks, step.prefill(tokens, shape.cached_input_tokens) / chunks


def late_gap(
    found: Saturation, now: Running, prompts: float, slow: float = 1.0, burstiness: float = 1.0
) -> float:
    """Seconds between two tokens, 99th percentile, while ``prompts`` of others come each step.

    The worst of a hundred gaps contains the prompts that are read in one step: none while fewer
    than one gap in a hundred sees any. A prompt longer than a step's room fills it: only its end does not. Bursts come
    together as so many more would.
    """
    step, shape = found.step.slowed(slow), found.shape
    left, chunks = room(found, now.beside)
    together = poisson_p99(prompts * chunks / min(1.0, burstiness))
    if not together:
        return now.gap
    part, seconds = _prompt(step, shape, max(1.0, shape.uncached_input_tokens / left))
    read = min(float(together), max(1.0, left / max(1.0, part)))
    worst = step.mixed(now.beside + 1, shape.mean_context, read * part, read * seconds)
    return max(now.gap, worst)


def room(found: Saturation, beside: float) -> tuple[float, int]:
    """Tokens that what runs leaves of a step, as it takes its own first, and the steps a prompt is read in."""
    left = max(1.0, found.batched_tokens - beside * found.step.drafting.verified)
    return left, max(1, math.ceil(found.shape.uncached_input_tokens / left))


def waits(
    found: Saturation, requests_per_second: float, slow: float = 1.0, burstiness: float = 1.0
) -> Waits:
    """What users of a replica wait for that is ``slow`` times as slow as the estimate's median."""
    step, shape, most = found.step.slowed(slow), found.shape, found.concurrency
    now = running_beside(step, shape, requests_per_second, most)
    context, tokens = shape.mean_context, shape.uncached_input_tokens
    left, chunks = room(found, now.beside)
    own = chunks * step.mixed(now.beside, context, *_prompt(step, shape, chunks))
    # Several short prompts share a step: what each takes of it.
    share = min(1.0, tokens / left) if chunks == 1 else 1.0
    reading = step.prefill(tokens, shape.cached_input_tokens)
    service = reading + share * (own - reading)
    whole = own + (step.steps(shape) - 1) * now.gap
    queues = [
        one_server(requests_per_second * service, service, burstiness),
        shared_places(
            lambda running: step.rate(running, shape) / shape.produced,
            most,
            requests_per_second,
            burstiness,
        ),
    ]
    first = found.request_seconds + own
    # If anything runs: it arrives in the middle of a step. Where the next one is decided on while
    # that runs, which is how host and device overlap, it waits for the next one, too.
    busy = -math.expm1(-requests_per_second * whole)
    rest = busy * now.gap * (2 if step.overlaps else 1)

    def late(share: float, seconds: float) -> float:
        return first + math.hypot(seconds * slow, rest + quantile(queues, share))

    median = first + rest - busy * now.gap / 2 + quantile(queues, 0.5)
    p90 = max(median, late(0.9, found.late_seconds * P90_OF_P99))
    worst = late_gap(found, now, requests_per_second * now.gap, slow, burstiness)
    # Tokens that a step keeps come at once, and the longest gap is still a step's.
    mean = now.gap / step.drafting.kept
    return Waits(median, p90, max(p90, late(0.99, found.late_seconds)), mean, worst)
