"""What users of a replica wait for at a load: for the first token, and between tokens."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tokenfleet.estimate.load.queue import Wait, one_server, quantile, shared_places
from tokenfleet.estimate.load.running import Running, late_gap, read_in, room, running_beside
from tokenfleet.estimate.step.times import StepTimes
from tokenfleet.estimate.throughput import Saturation

P90_OF_P99 = 1.2816 / 2.3263
"""Of a normal distribution's distance from its median to its 99th percentile, that to its 90th."""

# Requests that come while prompts are read make their queue no more than twenty times as long.
_MOST_ADDED = 0.95


class Waits(NamedTuple):
    """Seconds to the first token (median, 90th and 99th percentile) and between tokens (mean, 99th)."""

    ttft: float
    ttft_p90: float
    ttft_p99: float
    itl: float
    itl_p99: float


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a mean prompt is read beside what runs: in steps that take ``seconds`` together.

    It keeps the next one waiting for ``service`` seconds, as several short ones share a step; what runs waits ``longer``
    for it than it would without. The ``longest`` step is one that prompts fill.
    """

    seconds: float
    longest: float
    service: float
    longer: float

    def queued(self, queue: Wait) -> float:
        """Prompts that wait, on the mean: by what one waits itself, and the part of one that is being read."""
        return queue.mean / self.service + queue.delayed / 2 if self.service else 0.0


def waits(
    found: Saturation, requests_per_second: float, slow: float = 1.0, burstiness: float = 1.0
) -> Waits:
    """What users of a replica wait for that is ``slow`` times as slow as the estimate's median.

    Infinite where a queue grows without end.
    """
    step, shape = found.step.slowed(slow), found.shape
    alone = running_beside(step, shape, requests_per_second, found.concurrency)
    reading = _reading(found, step, alone)
    prompts = one_server(requests_per_second * reading.service, reading.service, burstiness)
    now = _behind_it(alone, reading, prompts, requests_per_second, step.steps(shape) - 1)
    whole = reading.seconds + (step.steps(shape) - 1) * now.gap
    queues = _queues(found, step, prompts, requests_per_second, burstiness)
    first = found.request_seconds + reading.seconds
    # If anything runs: it arrives in the middle of a step. Where the next one is decided on while
    # that runs, which is how host and device overlap, it waits for the next one, too.
    busy = -math.expm1(-requests_per_second * whole)
    rest = busy * now.gap * (2 if step.overlaps else 1)

    # No number is answered before all of its step is read, of which others come behind it; text is.
    others = max(0.0, reading.longest - reading.seconds) if shape.is_pooled else 0.0

    def queued(share: float) -> float:
        before = quantile(queues, share)
        return before + min(before, others)

    def late(share: float, seconds: float) -> float:
        return first + math.hypot(seconds * slow, rest + queued(share))

    median = first + rest - busy * now.gap / 2 + queued(0.5)
    p90 = max(median, late(0.9, found.late_seconds * P90_OF_P99))
    worst = late_gap(found, now, requests_per_second * now.gap, slow, burstiness)
    # Tokens that a step keeps come at once, and the longest gap is still a step's.
    mean = now.gap / step.drafting.kept
    return Waits(median, p90, max(p90, late(0.99, found.late_seconds)), mean, worst)


def _queues(
    found: Saturation, step: StepTimes, prompts: Wait, requests_per_second: float, burstiness: float
) -> Sequence[Wait]:
    """For one's turn to be read, and for a place.

    One server holds both where there is but one place, and where answers are numbers, which end with what is read.
    """

    def answered(running: float) -> float:
        return step.rate(running, found.shape) / found.shape.produced

    if found.concurrency == 1 or found.shape.is_pooled:
        service = 1 / answered(found.concurrency)
        return [one_server(requests_per_second * service, service, burstiness)]
    places = shared_places(answered, found.concurrency, requests_per_second, burstiness)
    return [prompts, places]


def _reading(found: Saturation, step: StepTimes, now: Running) -> Reading:
    shape, tokens = found.shape, found.shape.uncached_input_tokens
    left, chunks = room(found, now.beside)
    seconds = chunks * step.mixed(now.beside, shape.mean_context, *read_in(step, shape, chunks))
    # Several short prompts share a step: what each takes of it.
    share = min(1.0, tokens / left) if chunks == 1 else 1.0
    computing = step.prefill(tokens, shape.cached_input_tokens)
    service = computing + share * (seconds - computing)
    plain = chunks * step.decode(now.beside, shape.mean_context)
    return Reading(
        seconds=seconds,
        longest=step.mixed(
            now.beside, shape.mean_context, left, computing * left / max(1.0, tokens)
        ),
        service=service,
        longer=max(0.0, service - share * plain),
    )


def _behind_it(
    now: Running, reading: Reading, queue: Wait, requests_per_second: float, gaps: float
) -> Running:
    """The same where prompts that came with one's own are read behind it, and then those that come meanwhile.

    As many are left behind as were found (a queue is the same at arrivals and departures), and what
    they take falls into the first of the ``gaps``. The mean step has its part of it already: what it would be if
    they came one by one.
    """
    if not gaps or not reading.longer:
        return now
    added = 1 - min(_MOST_ADDED, requests_per_second * reading.longer)
    longer = reading.queued(queue) * reading.longer / added / gaps
    apart = reading.longer / reading.seconds
    return replace(now, gap=max(now.gap, min(reading.longest, now.gap + apart * longer)))
