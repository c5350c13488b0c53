"""What runs on a replica at a load, and how long its steps are."""

import math
from dataclasses import dataclass

from tokenfleet.estimate.load.poisson import poisson_p99
from tokenfleet.estimate.step.times import StepTimes
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.estimate.traffic import RequestShape

# Halvings that bring a time between tokens to what a float holds.
_HALVINGS = 50


@dataclass(frozen=True, kw_only=True)
class Running:
    """What runs on a replica at a load: ``gap`` seconds from step to step, ``beside`` how many others run."""

    gap: float
    beside: float


def running_beside(
    step: StepTimes, shape: RequestShape, requests_per_second: float, most: int
) -> Running:
    """What a request meets: arrivals that know nothing of each other see the mean (PASTA).

    The time g from step to step is that of 1 + l (n - 1) g requests, by Little's law, of l requests a second with n
    steps each, which now and then reads the prompt of another. Its own prompt was read before. All
    places are taken where more come than are answered.
    """
    steps = step.steps(shape) - 1
    if requests_per_second * shape.produced >= step.rate(float(most), shape):
        return Running(gap=step.cycle(float(most), shape), beside=float(most) - 1)

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
    if output_per_second >= step.rate(float(most), shape):
        return float(most)
    requests = output_per_second / shape.produced
    found = running_beside(step, shape, requests, most)
    reading = step.mixed(found.beside, shape.mean_context, *read_in(step, shape, 1))
    return min(float(most), requests * (reading + (step.steps(shape) - 1) * found.gap))


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
    part, seconds = read_in(step, shape, max(1.0, shape.uncached_input_tokens / left))
    read = min(float(together), max(1.0, left / max(1.0, part)))
    worst = step.mixed(now.beside + 1, shape.mean_context, read * part, read * seconds)
    return max(now.gap, worst)


def room(found: Saturation, beside: float) -> tuple[float, int]:
    """Tokens that what runs leaves of a step, as it takes its own first, and the steps a prompt is read in."""
    return found.step.left(beside), math.ceil(found.step.parts(beside, found.shape))


def read_in(step: StepTimes, shape: RequestShape, chunks: float) -> tuple[float, float]:
    """Tokens and seconds of a step's part of a prompt."""
    tokens = shape.uncached_input_tokens
    return tokens / chunks, step.prefill(tokens, shape.cached_input_tokens) / chunks
