"""A measured curve: straight lines between its points, level beyond them."""

from collections.abc import Mapping
from itertools import pairwise


def on_curve(points: Mapping[int, float], at: int) -> float:
    """What a curve of at least one point says there, in the unit of its values."""
    rows = sorted(points.items())
    if at <= rows[0][0]:
        return rows[0][1]
    for (left, low), (right, high) in pairwise(rows):
        if at <= right:
            return low + (high - low) * (at - left) / (right - left)
    return rows[-1][1]
