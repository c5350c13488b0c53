"""How many there are of something, as people write it."""

from collections.abc import Sequence

_MOST_NAMES = 5
_DIGITS = 3


def count(number: int, noun: str) -> str:
    """``1 node``, ``12 nodes``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def three_digits(number: float) -> str:
    """``0.0439``, ``12.3``, ``2,930``: no more than three digits tell something, and no exponent."""
    if abs(number) < 10 ** (_DIGITS - 1):
        return f"{number:.{_DIGITS}g}"
    return f"{float(f'{number:.{_DIGITS}g}'):,.0f}"


def listed(names: Sequence[str]) -> str:
    """The first five names, and how many more there are."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
