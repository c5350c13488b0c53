"""How many come at once, of what comes independently of each other."""

import math
from statistics import NormalDist

_P99 = 0.99
_Z99 = NormalDist().inv_cdf(_P99)
# Where a Poisson distribution is as good as normal.
_NORMAL_ABOVE = 50


def poisson_p99(mean: float) -> int:
    """The 99th percentile of a Poisson distribution."""
    if mean > _NORMAL_ABOVE:
        return math.ceil(mean + _Z99 * math.sqrt(mean))
    count, term = 0, math.exp(-mean)
    total = term
    while total < _P99:
        count += 1
        term *= mean / count
        total += term
    return count
