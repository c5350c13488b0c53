"""Theta from a measured profile: the estimate's step, at the speed that explains the runs."""

import dataclasses
import math
import statistics
from collections.abc import Callable, Sequence

from tokenfleet.estimate.load.served import QUEUE_GROWS_ABOVE
from tokenfleet.estimate.measured.profile import ProfileRun
from tokenfleet.estimate.quantiles import log_normal
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.scheduler.finite_run import FiniteRun, finite_run
from tokenfleet.estimate.throughput import Saturation

# Re-runs of one configuration differ by 4 to 9 % at saturation (bench/data/README.md).
_RERUN_SIGMA = 0.05
# Without a saturated run theta follows from the time between tokens, which the estimate gets
# within 13 % on the mean (bench/economics) and so carries part of its error.
_UNSATURATED_SIGMA = 0.10
# A speed beyond these is no estimate's error but another machine or another model.
_SLOWEST, _FASTEST = 1 / 6, 6.0
_HALVINGS = 30
_OTHER_LENGTHS = 1.25
# A run that fills the engine so often has its end, half an engine, in 2.5 % of its time: less than
# re-runs differ. A longer one is replayed in part.
_LEAST_REPLAYED, _FULL_ENGINES = 1000, 20


def measured_saturation(most: Saturation, runs: Sequence[ProfileRun]) -> Saturation:
    """Replace what an estimate says of theta by what runs of the same server measured.

    Each run is replayed with its own lengths, rate and number of requests; the speed at which
    the replay meets its output (or, below saturation, its time between tokens) scales every
    part of the step. The range is that of re-runs.

    Raises:
        CostError: without a run, or when none can be explained by a speed within a factor of
            six of the estimate.
    """
    if not runs:
        problem = "no run was given"
        raise CostError(problem, place="profile")
    full = [run for run in runs if _is_saturated(run)]
    speeds = [_speed(most, run) for run in full or runs]
    speed = statistics.median(speeds)
    apart = statistics.stdev(map(math.log, speeds)) if len(speeds) > 1 else 0.0
    sigma = max(_RERUN_SIGMA if full else _UNSATURATED_SIGMA, apart)
    step = most.step.slowed(1 / speed)
    return dataclasses.replace(
        most,
        theta=log_normal(step.rate(most.concurrency, most.shape), sigma),
        step=step,
        spread=most.spread.with_theta(sigma),
        basis="measured",
        source="; ".join(sorted({f"{run.place} ({run.date})" for run in full or runs})),
        notes=(*most.notes, *_notes(most, runs, speed, is_full=bool(full))),
    )


def replayed_run(most: Saturation, run: ProfileRun, speed: float = 1.0) -> FiniteRun:
    """The run as the estimate sees it, ``speed`` times as fast."""
    concurrency = min(run.max_concurrency or most.concurrency, most.concurrency)
    return finite_run(
        most.step.slowed(1 / speed),
        run.shape,
        run.arrivals,
        requests=min(run.requests, max(_LEAST_REPLAYED, _FULL_ENGINES * concurrency)),
        concurrency=concurrency,
        batched_tokens=most.batched_tokens,
    )


def _is_saturated(run: ProfileRun) -> bool:
    """Whether the server, not the client's schedule, set the pace."""
    offered = run.arrivals.requests_per_second * run.shape.output_tokens
    return run.sent_at_once or run.output_tokens_per_second < QUEUE_GROWS_ABOVE * offered


def _speed(most: Saturation, run: ProfileRun) -> float:
    if _is_saturated(run):
        return _solved(
            lambda speed: replayed_run(most, run, speed).output_tokens_per_second,
            run.output_tokens_per_second,
            run,
            "output_throughput",
        )
    if run.tpot is None:
        problem = (
            "the server was not saturated and there is no time between tokens to learn from;"
            " measure with --request-rate inf"
        )
        raise CostError(problem, place=f"{run.place}: median_tpot_ms")
    return _solved(
        lambda speed: 1 / replayed_run(most, run, speed).tpot,
        1 / run.tpot,
        run,
        "median_tpot_ms",
    )


def _solved(rate: Callable[[float], float], measured: float, run: ProfileRun, key: str) -> float:
    """The speed at which a rate that grows with it is as measured."""
    slow, fast = _SLOWEST, _FASTEST
    if not rate(slow) <= measured <= rate(fast):
        times = measured / rate(1.0)
        problem = (
            f"{times:.2g} times what this hardware is estimated to do: was it this model on this"
            " instance type?"
        )
        raise CostError(problem, place=f"{run.place}: {key}")
    for _ in range(_HALVINGS):
        middle = math.sqrt(slow * fast)
        if rate(middle) < measured:
            slow = middle
        else:
            fast = middle
    return math.sqrt(slow * fast)


def _notes(
    most: Saturation, runs: Sequence[ProfileRun], speed: float, *, is_full: bool
) -> Sequence[str]:
    notes = [note for run in runs for note in run.notes]
    notes.append(f"measured {speed:.2f} times the estimate")
    if not is_full:
        notes.append("no run was saturated: theta follows from the time between tokens")
    if any(_is_other(run, most) for run in runs):
        notes.append("measured at other lengths than those priced: scaled by the estimate")
    limits = [run.max_concurrency for run in runs if run.max_concurrency]
    if limits and max(limits) < most.concurrency:
        notes.append(
            f"measured with at most {max(limits)} requests in flight of {most.concurrency} that"
            " fit: the rest is the estimate's"
        )
    return notes


def _is_other(run: ProfileRun, most: Saturation) -> bool:
    pairs = (
        (run.shape.input_tokens + 1, most.shape.input_tokens + 1),
        (run.shape.output_tokens, most.shape.output_tokens),
    )
    return any(max(pair) > _OTHER_LENGTHS * min(pair) for pair in pairs)
