"""Errors of predictions against recorded runs, cut as the corpus' own scoring cuts them."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.estimate.quantiles import Quantiles


@dataclass(frozen=True, kw_only=True)
class Score:
    """Absolute errors in per cent of what was measured; ``bias`` keeps the sign.

    ``coverage`` is the share of measured values inside p10 to p90 in per cent, ``width`` the
    median of p90 / p10; None where a method states no range.
    """

    rows: int
    mean: float
    median: float
    p90: float
    bias: float
    coverage: float | None = None
    width: float | None = None


def score(
    predicted: Sequence[float], measured: Sequence[float], ranges: Sequence[Quantiles] = ()
) -> Score:
    """Compare in order."""
    errors = [100 * (p / m - 1) for p, m in zip(predicted, measured, strict=True)]
    sizes = sorted(abs(error) for error in errors)
    inside = [r.p10 <= m <= r.p90 for r, m in zip(ranges, measured, strict=False)]
    return Score(
        rows=len(errors),
        mean=statistics.mean(sizes),
        median=statistics.median(sizes),
        p90=sizes[min(len(sizes), math.ceil(0.9 * len(sizes))) - 1],
        bias=statistics.mean(errors),
        coverage=100 * statistics.mean(inside) if inside else None,
        width=statistics.median(r.width for r in ranges) if ranges else None,
    )
