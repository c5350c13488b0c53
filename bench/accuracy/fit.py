"""The efficiencies that explain recorded runs best, held near what physics and practice suggest."""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from bench.accuracy.prediction import replayed, saturation_of
from bench.accuracy.questions.queries import Query
from bench.accuracy.runs import Run, saturated_runs
from tokenfleet.catalogue.machines.efficiencies import Efficiencies
from tokenfleet.estimate.load.running import running_beside
from tokenfleet.estimate.load.served import at_load

Fitted = Literal[
    "compute",
    "attention",
    "bandwidth",
    "step_seconds",
    "layer_seconds",
    "mixture_layer_seconds",
    "latent_layer_seconds",
    "sequence_seconds",
    "collective_work",
    "mixture_work",
    "half_width",
    "unpacking_work",
    "unpacking_operations",
    "sink_work",
]
Kind = Literal["gpu", "cpu", "neuron"]

# What each figure is before any run is looked at, and the standard deviation of its logarithm.
# So few configurations cannot tell so many figures apart by themselves; these keep them physical.
PRIORS: Mapping[Kind, Mapping[Fitted, tuple[float, float]]] = {
    "gpu": {
        "compute": (0.75, 0.12),  # of a large matmul; layers are smaller, and other kernels run
        "attention": (
            0.75,
            0.15,
        ),  # FlashAttention-3, head size 128: 640 of 989 TFLOPS (2407.08608)
        "bandwidth": (0.80, 0.12),  # what copy benchmarks and batch-1 decoding reach
        "step_seconds": (0.0015, 0.50),  # sampling, and what a step does once
        "layer_seconds": (40e-6, 0.50),  # some ten kernels of a few microseconds
        "mixture_layer_seconds": (30e-6, 0.60),  # routing, sorting, a second product
        "latent_layer_seconds": (50e-6, 0.60),  # projections into and out of the latent space
        "sequence_seconds": (75e-6, 0.30),  # scheduling, sampling, detokenising, per request
        "collective_work": (3.0, 0.60),  # of the latency measured alone: ranks wait for the slowest
        "mixture_work": (1.0, 0.15),  # the rest of a mixture beside its experts' kernel
        "half_width": (250.0, 0.50),  # two tiles of 128 columns
        "unpacking_work": (1.38, 0.10),  # FP8 on A100: Qwen3-14B and 32B of GPUStack's runs
        "sink_work": (3.0, 0.50),  # Triton's kernel beside FlashAttention's
    },
    "cpu": {
        "bandwidth": (0.85, 0.12),  # of what one stream of reads on every core reached
        "layer_seconds": (300e-6, 0.50),  # threads meet several times a layer
        "unpacking_operations": (24.0, 0.50),
    },
    "neuron": {
        "compute": (0.15, 0.50),
        "bandwidth": (0.60, 0.25),
        "step_seconds": (0.012, 0.50),
        "layer_seconds": (60e-6, 0.60),
        "sequence_seconds": (50e-6, 0.60),
        "collective_work": (0.3, 0.70),  # of hops one after the other: cores pass on as they go
    },
}
# Re-runs of one configuration differ by 4 to 9 % at saturation; medians of gaps by more. What
# others measured elsewhere differs by settings that nobody wrote down.
THETA_SIGMA, GAP_SIGMA, OTHERS_SIGMA = 0.08, 0.15, 0.20
# Below this share of theta the time between tokens is steady enough to compare.
_STEADY_BELOW = 0.75
_STEPS = 8

Measure = Literal["output", "gap", "steady gap", "first token"]


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What somebody measured: output tokens a second over a run, or seconds (medians of the run).

    A ``steady gap`` is compared with steady state, not with the run. ``sigma`` is by how much the
    logarithm may be off for reasons that are not the estimate's; ``group`` are those that count as one.
    """

    query: Query
    measure: Measure
    value: float
    sigma: float
    group: str


def observed_runs(runs: Sequence[Run]) -> Sequence[Observed]:
    """Of the corpus: theta of each shape, and gaps below saturation."""
    most = [
        Observed(
            query=run.query,
            measure="output",
            value=run.output_tokens_per_second,
            sigma=THETA_SIGMA,
            group=run.config_id,
        )
        for run in saturated_runs(runs)
    ]
    gaps = [
        Observed(
            query=run.query,
            measure="steady gap",
            value=run.tpot,
            sigma=GAP_SIGMA,
            group=run.config_id,
        )
        for run in steady_runs(runs)
    ]
    return [*most, *gaps]


def steady_runs(runs: Sequence[Run]) -> Sequence[Run]:
    """Those in which nothing grows."""
    return [run for run in runs if run.offered < _STEADY_BELOW * run.theta]


def fit(observed: Sequence[Observed], start: Efficiencies, kind: Kind = "gpu") -> Efficiencies:
    """Least squares in logarithms of what was observed and of the priors.

    Every group counts alike in each measure, however many rows it has. Figures that no row
    depends on stay at their prior.
    """
    priors = PRIORS[kind]
    names = tuple(priors)
    middle = np.array([math.log(priors[name][0]) for name in names])
    widths = np.array([priors[name][1] for name in names])
    sizes = Counter((row.group, row.measure) for row in observed)
    weights = [1 / row.sigma / math.sqrt(sizes[row.group, row.measure]) for row in observed]

    def misses(logarithms: NDArray[np.float64]) -> NDArray[np.float64]:
        found = _with(start, names, logarithms)
        rows = [
            weight * math.log(predicted(row, found) / row.value)
            for row, weight in zip(observed, weights, strict=True)
        ]
        return np.array([*rows, *((logarithms - middle) / widths)])

    solved = least_squares(misses, middle, diff_step=np.full(len(names), 1e-3), max_nfev=_STEPS)
    return _with(start, names, solved.x)


def steady_gap(query: Query, found: Efficiencies) -> float:
    """Mean seconds between two tokens of a request, once as many come as go."""
    most, _ = saturation_of(query, found)
    load = query.arrivals.requests_per_second
    return running_beside(most.step, query.shape, load, most.concurrency).gap


def predicted(row: Observed, found: Efficiencies) -> float:
    """What the estimate says of the same."""
    if row.measure == "steady gap":
        return steady_gap(row.query, found)
    run = replayed(row.query, found)
    if row.measure == "gap":
        return run.tpot
    if row.measure == "first token":
        return found.request_seconds + run.ttft
    return run.output_tokens_per_second


def with_latencies(found: Efficiencies, runs: Sequence[Run]) -> Efficiencies:
    """What the engine does not see of a request, and how late its first token can be.

    Medians over runs with little load: of the time to the first token less the estimate's, and of its 99th percentile less
    its median less what waiting explains.
    """
    bare = found.model_copy(update={"request_seconds": 0.0, "late_seconds": 0.0})
    rest: list[float] = []
    late: list[float] = []
    for run in steady_runs(runs):
        most, _ = saturation_of(run.query, bare)
        arrivals = run.query.arrivals
        now = at_load(most, arrivals.requests_per_second, arrivals.burstiness)
        if now.ttft and now.ttft_p99:
            rest.append(run.ttft - now.ttft.p50)
            waiting = now.ttft_p99.p50 - now.ttft.p50
            late.append(math.sqrt(max(0.0, (run.ttft_p99 - run.ttft) ** 2 - waiting**2)))
    return found.model_copy(
        update={
            "request_seconds": max(0.0, statistics.median(rest)),
            "late_seconds": statistics.median(late),
        }
    )


def _with(
    start: Efficiencies, names: Sequence[Fitted], logarithms: NDArray[np.float64]
) -> Efficiencies:
    figures = {name: math.exp(value) for name, value in zip(names, logarithms, strict=True)}
    # A share of a peak is below 1 whatever a step of the search tries.
    for name in {"compute", "attention", "bandwidth"} & set(figures):
        figures[name] = min(1.0, figures[name])
    for name in {"unpacking_work", "sink_work"} & set(figures):
        figures[name] = max(1.0, figures[name])
    return start.model_copy(update=figures)
