"""Simpler ways to the same figures, to be beaten in the same run.

The roofline forms are those of the public comparison this bench continues; each is fitted on
the same runs as the estimate it stands beside, without priors.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from bench.accuracy.questions.queries import Query
from bench.accuracy.runs import Run, saturated_runs
from bench.accuracy.servers import server_of
from tokenfleet.catalogue.checkpoint.format import UNITS_BY_DTYPE

_STEP_BANDWIDTH = 0.8


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """Seconds of one output token by cause, at the peaks of the data sheet."""

    prompt: float
    token: float
    memory: float
    running: int


Roofline = Callable[[_Parts, float, float], float]
"""Seconds an output token from its parts and two fitted constants."""


def _bandwidth(parts: _Parts, _: float, c2: float) -> float:
    return parts.memory / c2


def _sum(parts: _Parts, c1: float, c2: float) -> float:
    return (parts.prompt + parts.token) / c1 + parts.memory / c2


def _step(parts: _Parts, c1: float, c2: float) -> float:
    fixed = c2 / 100 / parts.running
    return (parts.prompt + parts.token) / c1 + parts.memory / _STEP_BANDWIDTH + fixed


# A form, and whether a mixture counts as the geometric mean of active and total parameters.
FORMS: Mapping[str, tuple[Roofline, bool]] = {
    "roofline, bandwidth only": (_bandwidth, False),
    "roofline, sum": (_sum, False),
    "roofline, step": (_step, False),
    "roofline, geo": (_sum, True),
}
ENSEMBLE = "geometric mean of the four"


def rooflines(training: Sequence[Run], queries: Sequence[Query]) -> Mapping[str, Sequence[float]]:
    """Theta of each query by each form fitted on ``training``, and by their geometric mean."""
    found: dict[str, Sequence[float]] = {}
    most = saturated_runs(training)
    measured = [run.output_tokens_per_second for run in most]
    for name, (form, is_mean) in FORMS.items():
        parts = [_parts(run.query, is_mean=is_mean) for run in most]

        def misses(
            logarithms: NDArray[np.float64],
            form: Roofline = form,
            parts: Sequence[_Parts] = parts,
        ) -> NDArray[np.float64]:
            c1, c2 = (math.exp(value) for value in logarithms)
            pairs = zip(parts, measured, strict=True)
            return np.array([math.log(form(part, c1, c2) * theta) for part, theta in pairs])

        solved = least_squares(misses, np.log([0.5, 0.8]))
        c1, c2 = (math.exp(value) for value in solved.x)
        found[name] = [1 / form(_parts(query, is_mean=is_mean), c1, c2) for query in queries]
    means = zip(*found.values(), strict=True)
    found[ENSEMBLE] = [math.exp(sum(map(math.log, four)) / len(four)) for four in means]
    return found


def _parts(query: Query, *, is_mean: bool) -> _Parts:
    replica, _ = server_of(query)
    model, shape, count = query.model, query.shape, query.machine.ranks
    peaks = query.machine.peaks
    tflops = peaks.tflops_by_dtype
    units = UNITS_BY_DTYPE.get(model.weights_dtype, "")
    flops = tflops[units if units in tflops else "bfloat16"] * 1e12 * count
    parameters = model.active_parameters
    if is_mean:
        parameters = math.sqrt(model.active_parameters * model.total_parameters)
    held = int(replica.kv_bytes / model.kv_bytes(shape.mean_context))
    running = max(1, min(replica.max_sequences, held, query.requests))
    read = model.weights_bytes + running * model.kv_bytes(shape.mean_context)
    token = 2 * parameters / flops
    return _Parts(
        prompt=token * shape.input_tokens / shape.output_tokens,
        token=token,
        memory=read / (replica.bandwidth * running),
        running=running,
    )
