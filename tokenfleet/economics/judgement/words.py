"""Figures and nouns of verdicts."""

import math


def replicas(count: int) -> str:
    """``1 replica``, ``12 replicas``."""
    return f"{count:,} replica" if count == 1 else f"{count:,} replicas"


def rounded_up(figure: float) -> int:
    """Up to two significant digits: what somebody would set."""
    step = 10 ** max(0, math.floor(math.log10(figure)) - 1)
    return math.ceil(figure / step) * step
