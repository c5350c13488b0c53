"""Figures and texts before and after."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Span:
    """A figure with its range."""

    low: float
    expected: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A figure before and after; None where there is none."""

    before: float | None
    after: float | None


@dataclass(frozen=True, kw_only=True)
class Counts:
    """A whole number before and after; None where there is none."""

    before: int | None
    after: int | None


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A text before and after; None where there is none."""

    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Whether something holds, before and after; None where nobody can tell."""

    before: bool | None
    after: bool | None


@dataclass(frozen=True, kw_only=True)
class Spans:
    """A figure with its range before and after; None where there is none."""

    before: Span | None
    after: Span | None


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """Lines that say why, before and after; None where nothing is wrong."""

    before: Sequence[str] | None
    after: Sequence[str] | None
