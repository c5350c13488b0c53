"""Figures that a verdict tells somebody to set."""

import math


def rounded_up(figure: float) -> int:
    """Up to two significant digits: what somebody would set."""
    step = 10 ** max(0, math.floor(math.log10(figure)) - 1)
    return math.ceil(figure / step) * step
