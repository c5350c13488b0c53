"""Figures with a range, and the arithmetic that keeps low <= expected <= high."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.cold_start import Estimate


@dataclass(frozen=True, kw_only=True)
class Range:
    """A figure: what is expected, and the least and most that its sources allow."""

    low: float
    expected: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        return Range(
            low=self.low + other.low,
            expected=self.expected + other.expected,
            high=self.high + other.high,
        )

    def __mul__(self, factor: float) -> "Range":
        return Range(
            low=self.low * factor, expected=self.expected * factor, high=self.high * factor
        )

    def over(self, rate: "Range") -> "Range":
        """How long this amount takes at that rate: least at the highest rate."""
        return Range(
            low=self.low / rate.high,
            expected=self.expected / rate.expected,
            high=self.high / rate.low,
        )


def exactly(value: float) -> Range:
    """A figure that is known."""
    return Range(low=value, expected=value, high=value)


def range_of(estimate: Estimate) -> Range:
    """The range of a figure of the catalogue."""
    return Range(low=estimate.low, expected=estimate.expected, high=estimate.high)


def least(ranges: Sequence[Range]) -> Range:
    """The least of each of the three figures."""
    return Range(
        low=min(figure.low for figure in ranges),
        expected=min(figure.expected for figure in ranges),
        high=min(figure.high for figure in ranges),
    )


def most(ranges: Sequence[Range]) -> Range:
    """The most of each of the three figures."""
    return Range(
        low=max(figure.low for figure in ranges),
        expected=max(figure.expected for figure in ranges),
        high=max(figure.high for figure in ranges),
    )


def less(figure: Range, passed: Range) -> Range:
    """What is left of it after so much has passed, end by end, and never less than nothing."""
    low, expected, high = (
        max(0.0, of - took)
        for of, took in (
            (figure.low, passed.low),
            (figure.expected, passed.expected),
            (figure.high, passed.high),
        )
    )
    return Range(low=low, expected=max(low, expected), high=max(low, expected, high))
