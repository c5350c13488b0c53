"""A figure with its range: the 10th, 50th and 90th percentile of what may be found."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

Z90 = NormalDist().inv_cdf(0.9)
"""Standard deviations from the median to the 90th percentile of a normal distribution."""


@dataclass(frozen=True, kw_only=True)
class Quantiles:
    """p10 <= p50 <= p90 of one figure, all in the unit of the figure."""

    p10: float
    p50: float
    p90: float

    @property
    def width(self) -> float:
        """p90 / p10: 1 for a figure that is known."""
        return self.p90 / self.p10 if self.p10 > 0 else math.inf

    @property
    def relative(self) -> "Quantiles":
        """The same range around 1; known where the median is 0."""
        if self.p50 <= 0:
            return known(1.0)
        return Quantiles(p10=self.p10 / self.p50, p50=1.0, p90=self.p90 / self.p50)

    def __mul__(self, factor: float) -> "Quantiles":
        return Quantiles(p10=self.p10 * factor, p50=self.p50 * factor, p90=self.p90 * factor)

    def at_least(self, other: "Quantiles") -> "Quantiles":
        """The same where nothing of it is less than the other."""
        return Quantiles(
            p10=max(self.p10, other.p10),
            p50=max(self.p50, other.p50),
            p90=max(self.p90, other.p90),
        )

    def under(self, numerator: float) -> "Quantiles":
        """``numerator`` divided by the figure: the dearest comes from the least."""
        return Quantiles(
            p10=_over(numerator, self.p90),
            p50=_over(numerator, self.p50),
            p90=_over(numerator, self.p10),
        )


def known(value: float) -> Quantiles:
    """A figure without a range."""
    return Quantiles(p10=value, p50=value, p90=value)


def log_normal(median: float, sigma: float) -> Quantiles:
    """A positive figure whose logarithm is normal with standard deviation ``sigma``."""
    factor = math.exp(Z90 * sigma)
    return Quantiles(p10=median / factor, p50=median, p90=median * factor)


def _over(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else math.inf


def ordered(figures: Sequence[float]) -> Quantiles:
    """Three figures as a range."""
    low, middle, high = sorted(figures)
    return Quantiles(p10=low, p50=middle, p90=high)


def combined(factors: Sequence[Quantiles]) -> Quantiles:
    """The product of independent figures: logarithmic deviations add in squares, each side apart.

    Exact for log-normal figures; each side apart, because a figure cut off on one side (what is
    served cannot exceed what is asked for) has no deviation there.
    """
    middle = math.prod(figure.p50 for figure in factors)
    below = math.sqrt(sum(_deviation(figure.p10, figure.p50) ** 2 for figure in factors))
    above = math.sqrt(sum(_deviation(figure.p50, figure.p90) ** 2 for figure in factors))
    return Quantiles(p10=middle / math.exp(below), p50=middle, p90=middle * math.exp(above))


def _deviation(low: float, high: float) -> float:
    return math.log(high / low) if 0 < low < high else 0.0
