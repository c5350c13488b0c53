"""The efficiencies that explain recorded runs best, held near what physics and practice suggest."""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from bench.accuracy.prediction import replayed, saturation_of
from bench.accuracy.runs import Run, saturated_runs
from tokenfleet.catalogue.efficiencies import Efficiencies
from tokenfleet.estimate.at_load import at_load, token_gap

Fitted = Literal[
    "compute", "bandwidth", "step_seconds", "sequence_seconds", "mixture_work", "unpacking_work"
]

# What each figure is before any run is looked at, and the standard deviation of its logarithm.
# Six configurations cannot tell six figures apart by themselves; these keep them physical.
PRIORS: Mapping[Fitted, tuple[float, float]] = {
    "compute": (0.80, 0.15),  # of a large matmul; layers are smaller, and other kernels run
    "bandwidth": (0.80, 0.12),  # what copy benchmarks and batch-1 decoding reach
    "step_seconds": (0.0035, 0.40),  # scheduler, sampling, launches of 32 to 48 layers
    "sequence_seconds": (12e-6, 0.70),  # input preparation and sampling, per request and step
    "mixture_work": (1.0, 0.15),  # the rest of a mixture beside its experts' kernel
    "unpacking_work": (1.25, 0.15),  # 8-bit weights on units that take 16 bits
}
# Re-runs of one configuration differ by 4 to 9 % at saturation; medians of gaps by more.
_THETA_SIGMA, _GAP_SIGMA = 0.08, 0.15
# Below this share of theta the time between tokens is steady enough to compare.
_STEADY_BELOW = 0.75
_STEPS = 15


def fit(runs: Sequence[Run], start: Efficiencies) -> Efficiencies:
    """Least squares in logarithms: theta of each shape, gaps below saturation, the priors.

    Every configuration counts alike, however many runs it has. Figures that no run of ``runs``
    depends on stay at their prior.
    """
    names = tuple(PRIORS)
    middle = np.array([math.log(PRIORS[name][0]) for name in names])
    widths = np.array([PRIORS[name][1] for name in names])
    most = saturated_runs(runs)
    steady = [run for run in runs if run.offered < _STEADY_BELOW * run.theta]
    shares = Counter(run.config_id for run in most), Counter(run.config_id for run in steady)

    def misses(logarithms: NDArray[np.float64]) -> NDArray[np.float64]:
        found = _with(start, names, logarithms)
        return np.array(
            [
                *(_theta_miss(run, found) / math.sqrt(shares[0][run.config_id]) for run in most),
                *(_gap_miss(run, found) / math.sqrt(shares[1][run.config_id]) for run in steady),
                *((logarithms - middle) / widths),
            ]
        )

    solved = least_squares(misses, middle, diff_step=np.full(len(names), 1e-3), max_nfev=_STEPS)
    return _with_latencies(_with(start, names, solved.x), steady)


def _theta_miss(run: Run, found: Efficiencies) -> float:
    output = replayed(run.query, found).output_tokens_per_second
    return math.log(output / run.output_tokens_per_second) / _THETA_SIGMA


def _gap_miss(run: Run, found: Efficiencies) -> float:
    most, _ = saturation_of(run.query, found)
    gap = token_gap(most.step, run.query.shape, run.offered, most.concurrency)
    return math.log(gap / run.tpot) / _GAP_SIGMA


def _with(
    start: Efficiencies, names: Sequence[Fitted], logarithms: NDArray[np.float64]
) -> Efficiencies:
    figures = {name: math.exp(value) for name, value in zip(names, logarithms, strict=True)}
    # A share of a peak is below 1 whatever a step of the search tries.
    for name in ("compute", "bandwidth"):
        figures[name] = min(1.0, figures[name])
    figures["unpacking_work"] = max(1.0, figures["unpacking_work"])
    return start.model_copy(update=figures)


def _with_latencies(found: Efficiencies, steady: Sequence[Run]) -> Efficiencies:
    """Medians of what the engine does not see, and of the tail over the median."""
    before = found.model_copy(update={"request_seconds": 0.0})
    rest: list[float] = []
    for run in steady:
        most, _ = saturation_of(run.query, before)
        first = at_load(most, run.query.arrivals.requests_per_second).ttft
        if first:
            rest.append(run.ttft - first.p50)
    tails = [run.ttft_p99 / run.ttft for run in steady]
    return found.model_copy(
        update={
            "request_seconds": max(0.0, statistics.median(rest)),
            "first_token_p99": statistics.median(tails),
        }
    )
