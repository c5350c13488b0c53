"""A benchmark run from its first request to its last: what it measures is not steady state."""

import dataclasses
from dataclasses import dataclass

from tokenfleet.estimate.scheduler.limits import Limits
from tokenfleet.estimate.scheduler.play import played
from tokenfleet.estimate.scheduler.played import percentile
from tokenfleet.estimate.scheduler.request import requests_of
from tokenfleet.estimate.step.times import StepTimes
from tokenfleet.estimate.traffic import Arrivals, RequestShape


@dataclass(frozen=True, kw_only=True)
class FiniteRun:
    """What a client counts over a whole run: rates a second, latencies in seconds.

    Time to the first token and mean time between the tokens of a request: medians, and 90th and
    99th percentiles over requests.
    """

    seconds: float
    requests_per_second: float
    output_tokens_per_second: float
    ttft: float
    ttft_p90: float
    ttft_p99: float
    tpot: float
    tpot_p90: float
    tpot_p99: float


def finite_run(
    step: StepTimes,
    shape: RequestShape,
    arrivals: Arrivals,
    *,
    requests: int,
    concurrency: int,
    batched_tokens: int,
    kv_bytes: float | None = None,
    max_concurrency: int | None = None,
    chunked: bool = True,
) -> FiniteRun:
    """Replay ``requests`` requests step by step, as vLLM schedules them.

    The last requests run in an emptying engine, which is why a run of N requests at a rate below
    saturation completes N / (N / rate + last latency). ``max_concurrency`` is the client's limit
    of requests in flight, that of ``vllm bench serve``; ``chunked`` is as in ``Limits``.

    Raises:
        CostError: when a request does not fit ``kv_bytes``.
    """
    limits = Limits(
        sequences=concurrency,
        batched_tokens=batched_tokens,
        kv_bytes=kv_bytes,
        chunked=chunked,
    )
    kept = step.drafting.kept
    # A step is played for what it keeps, as if that were one token.
    steps = dataclasses.replace(shape, output_tokens=step.steps(shape)) if kept > 1 else shape
    run = played(step, requests_of(steps, arrivals, requests), limits, in_flight=max_concurrency)
    first_tokens = sorted(each.ttft for each in run.answers)
    gaps = sorted(each.tpot / kept for each in run.answers)
    return FiniteRun(
        seconds=run.seconds,
        requests_per_second=requests / run.seconds,
        output_tokens_per_second=requests * shape.output_tokens / run.seconds,
        ttft=percentile(first_tokens, 0.5),
        ttft_p90=percentile(first_tokens, 0.9),
        ttft_p99=percentile(first_tokens, 0.99),
        tpot=percentile(gaps, 0.5),
        tpot_p90=percentile(gaps, 0.9),
        tpot_p99=percentile(gaps, 0.99),
    )
