"""What a replica does in steady state at a load below saturation: output, and what users wait for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.estimate.load.waits import Waits, waits
from tokenfleet.estimate.quantiles import Quantiles, log_normal
from tokenfleet.estimate.throughput import Saturation

QUEUE_GROWS_ABOVE = 0.85
"""Share of theta above which waiting grows out of hand: say so instead of a latency."""

# A load at which a replica still has a steady state.
_NEARLY_FULL = 0.97


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


def at_load(found: Saturation, requests_per_second: float, burstiness: float = 1.0) -> Served:
    """What one replica does with its share of the load, in steady state.

    ``burstiness`` is that of ``traffic.Arrivals``: 1 for arrivals that know nothing of each other.
    """
    offered = requests_per_second * found.shape.produced
    utilisation = found.theta.under(offered)
    middle = waits(found, requests_per_second, burstiness=burstiness)
    grows = utilisation.p50 > QUEUE_GROWS_ABOVE or math.isinf(middle.ttft_p99)
    output = Quantiles(
        p10=min(offered, found.theta.p10),
        p50=min(offered, found.theta.p50),
        p90=min(offered, found.theta.p90),
    )
    times: Sequence[Quantiles] | Sequence[None] = [None] * 5
    if not grows:
        times = _with_ranges(found, middle, requests_per_second, burstiness, utilisation.p50)
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


def _with_ranges(
    found: Saturation,
    middle: Waits,
    requests_per_second: float,
    burstiness: float,
    utilisation: float,
) -> Sequence[Quantiles]:
    """By how much ``middle`` is off in itself, and what a slower or faster replica makes of a queue."""
    spread, theta = found.spread, log_normal(1, found.spread.theta)
    # A replica that is slower yet has no steady state.
    slow = max(1.0, min(theta.p90, _NEARLY_FULL / utilisation)) if utilisation else theta.p90
    late = waits(found, requests_per_second, slow, burstiness)
    while math.isinf(late.ttft_p99):
        # Prompts alone are more than it can read: halfway to the median, which it can.
        slow = (1 + slow) / 2
        late = waits(found, requests_per_second, slow, burstiness)
    fast = waits(found, requests_per_second, theta.p10, burstiness)
    sigmas = (spread.first, spread.first_p99, spread.first_p99, spread.gap, spread.gap)
    ranges = [
        Quantiles(
            p10=min(times[0], log_normal(times[1], sigma).p10),
            p50=times[1],
            p90=max(times[2], log_normal(times[1], sigma).p90),
        )
        for times, sigma in zip(zip(fast, middle, late, strict=True), sigmas, strict=True)
    ]
    first, p90, p99, *between = ranges
    p90 = p90.at_least(first)
    return [first, p90, p99.at_least(p90), *between]
