"""What a replica does in steady state at a load below saturation: output, and what users wait for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.estimate.poisson import poisson_p99
from tokenfleet.estimate.quantiles import Quantiles, log_normal, ordered
from tokenfleet.estimate.queue import many_servers, one_server, quantile
from tokenfleet.estimate.step import StepTimes
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.estimate.traffic import RequestShape

QUEUE_GROWS_ABOVE = 0.85
"""Share of theta above which waiting grows out of hand: say so instead of a latency."""

# Halvings that bring a time between tokens to a millionth.
_HALVINGS = 40
# Of the logarithm of a normal distribution's 99th percentile, its 90th.
_P90_OF_P99 = 1.2816 / 2.3263


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
    spread = log_normal(1, found.sigma)
    waits: Sequence[Quantiles] | Sequence[None] = [None] * 5
    if not grows:
        cases = [
            _waits(found, requests_per_second, slow, burstiness)
            for slow in (spread.p10, spread.p50, spread.p90)
        ]
        waits = [ordered(figures) for figures in zip(*cases, strict=True)]
    ttft, ttft_p90, ttft_p99, itl, itl_p99 = waits
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


def _prompt(step: StepTimes, shape: RequestShape, chunks: int) -> tuple[float, float]:
    """Tokens and seconds of a step's part of a prompt."""
    tokens = shape.uncached_input_tokens
    return tokens / chunks, step.prefill(tokens, shape.cached_input_tokens) / chunks


def _waits(
    found: Saturation, requests_per_second: float, slow: float, burstiness: float
) -> tuple[float, float, float, float, float]:
    """Seconds to the first token (median, p90, p99) and between tokens (mean, p99)."""
    step, shape, most = found.step.slowed(slow), found.shape, found.concurrency
    now = running_beside(step, shape, requests_per_second, most)
    context, tokens = shape.mean_context, shape.uncached_input_tokens
    # What runs takes its tokens first; a prompt longer than what is left is read in several steps.
    room = max(1.0, found.batched_tokens - now.beside * step.drafting.verified)
    chunks = max(1, math.ceil(tokens / room))
    own = chunks * step.mixed(now.beside, context, *_prompt(step, shape, chunks))
    # Several short prompts share a step: what each takes of it.
    share = min(1.0, tokens / room) if chunks == 1 else 1.0
    reading = step.prefill(tokens, shape.cached_input_tokens)
    service = reading + share * (own - reading)
    whole = own + (step.steps(shape) - 1) * now.gap
    waits = [
        one_server(requests_per_second * service, service, burstiness),
        many_servers(most, min(float(most), requests_per_second * whole), whole, burstiness),
    ]
    first = found.request_seconds + own
    # It arrives in the middle of a step, if anything runs.
    rest = now.gap * -math.expm1(-requests_per_second * whole)
    spread = found.first_token_p99

    def late(share: float, times: float) -> float:
        return first + math.hypot(first * (times - 1), rest + quantile(waits, share))

    median = first + rest / 2 + quantile(waits, 0.5)
    p90 = max(median, late(0.9, spread**_P90_OF_P99))
    # The worst of a hundred gaps contains the prompts that are read in one step: none
    # while fewer than one gap in a hundred sees any.
    together = poisson_p99(requests_per_second * chunks * now.gap)
    worst = now.gap
    if together:
        part, seconds = _prompt(step, shape, chunks)
        read = min(float(together), max(1.0, room / max(1.0, part)))
        worst = max(worst, step.mixed(now.beside + 1, context, read * part, read * seconds))
    # Tokens that a step keeps come at once, and the longest gap is still a step's.
    return median, p90, max(p90, late(0.99, spread)), now.gap / step.drafting.kept, worst
