"""What a replica carries within a promise, and the steps with which it carries most."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.estimate.load.served import QUEUE_GROWS_ABOVE, Served
from tokenfleet.estimate.load.waits import waits
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.throughput import Saturation

Promise = Literal["ttft_p99", "itl_p99"]

# A replica that has next to nothing to do: as fast as it gets.
_IDLE_SHARE = 1e-3
# How near the load is found that a replica carries.
_NEAR = 1.005
# Smaller steps are for a hundredth more at least: they read the weights more often.
_WORTH = 1.01


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What users are promised, in seconds: 99th percentiles of first token and between tokens."""

    ttft_p99: float
    itl_p99: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < math.inf:
                problem = f"{value:g} s is not above 0"
                raise CostError(problem, place=name.replace("_", " "))

    def broken(self, most: Saturation, requests_per_second: float) -> tuple[Promise, float] | None:
        """What of it a replica misses at that load and its seconds, as the median has it; else None.

        Its queue is taken not to grow.
        """
        found = waits(most, requests_per_second)
        if found.ttft_p99 > self.ttft_p99:
            return "ttft_p99", found.ttft_p99
        if found.itl_p99 > self.itl_p99 and not most.shape.is_pooled:
            return "itl_p99", found.itl_p99
        return None

    def missed_by(self, served: Served) -> str | None:
        """What of it is missed, as the estimate's median has it; None where it is met."""
        if served.ttft_p99 is None:
            return "the queue grows"
        if served.ttft_p99.p50 > self.ttft_p99:
            return _late("ttft_p99", served.ttft_p99.p50, is_pooled=served.itl_p99 is None)
        if served.itl_p99 is not None and served.itl_p99.p50 > self.itl_p99:
            return _late("itl_p99", served.itl_p99.p50, is_pooled=False)
        return None

    def is_safe(self, served: Served) -> bool:
        """Whether it is met even where the server is as slow as the estimate's 10th percentile."""
        return (
            served.ttft_p99 is not None
            and served.ttft_p99.p90 <= self.ttft_p99
            and (served.itl_p99 is None or served.itl_p99.p90 <= self.itl_p99)
        )


def carried(most: Saturation, objective: Objective) -> float | str:
    """The requests a second that one replica carries within the objective, or why it carries none.

    At most what keeps queues from growing.
    """
    full = _full(most)
    if objective.broken(most, full) is None:
        return full
    idle = objective.broken(most, _IDLE_SHARE * full)
    if idle is not None:
        return f"{_late(*idle, is_pooled=most.shape.is_pooled)} even when idle"
    return _most_between(most, objective, _IDLE_SHARE * full, full)


@dataclass(frozen=True, kw_only=True)
class StepLimits:
    """What a step takes in at most: tokens, and sequences that run at once."""

    tokens: int
    sequences: int


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The limits that carry most, and what those asked first would carry: requests a second.

    ``limit`` is what of the objective the first would miss at the chosen one's load, None where
    they are the chosen ones.
    """

    limits: StepLimits
    carries: float
    first_carries: float
    limit: Promise | None


def most_carrying(
    most: Saturation, objective: Objective, candidates: Sequence[StepLimits]
) -> Chosen | None:
    """The first of the candidates, larger steps before smaller ones, that carries most.

    None where not one of them carries anything. Smaller steps disturb those that run for a
    shorter time, and read a prompt for a longer one: once the first token is late, smaller ones are not looked at.
    """
    best: StepLimits | None = None
    carries = first_carries = 0.0
    limit: Promise | None = None
    for each in candidates:
        found = limited(most, each)
        full = _full(found)
        least = max(_WORTH * carries, _IDLE_SHARE * full)
        missed = objective.broken(found, least) if least <= full else None
        if missed is None and least <= full:
            best, carries = each, _most_between(found, objective, least, full)
        if each is candidates[0]:
            first_carries = carries
        if missed is not None and missed[0] == "ttft_p99":
            break
    if best is None:
        return None
    if best != candidates[0]:
        found = objective.broken(limited(most, candidates[0]), carries)
        limit = found[0] if found else None
    return Chosen(limits=best, carries=carries, first_carries=first_carries, limit=limit)


def limited(most: Saturation, limits: StepLimits) -> Saturation:
    """The same replica with those limits."""
    step = dataclasses.replace(most.step, room=limits.tokens)
    concurrency = min(most.concurrency, limits.sequences)
    if most.shape.is_pooled:
        concurrency = max(1, min(concurrency, int(step.most(most.shape))))
    share = step.rate(concurrency, most.shape) / most.step.rate(most.concurrency, most.shape)
    return dataclasses.replace(most, step=step, concurrency=concurrency, theta=most.theta * share)


def _full(most: Saturation) -> float:
    """Just below the load from which queues grow."""
    return (QUEUE_GROWS_ABOVE - 1e-9) * most.theta.p50 / most.shape.produced


def _most_between(most: Saturation, objective: Objective, least: float, full: float) -> float:
    """The largest load from ``least`` on, which keeps the objective, to ``full``."""
    if objective.broken(most, full) is None:
        return full
    while full > _NEAR * least:
        middle = math.sqrt(least * full)
        if objective.broken(most, middle) is None:
            least = middle
        else:
            full = middle
    return least


def _late(promise: Promise, seconds: float, *, is_pooled: bool) -> str:
    first = "p99" if is_pooled else "TTFT p99"
    return f"{first if promise == 'ttft_p99' else 'ITL p99'} {1000 * seconds:,.0f} ms"
