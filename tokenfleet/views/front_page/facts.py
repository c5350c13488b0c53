"""What a front page is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.counted import count

_NAMES = 2

Tone = Literal["", "good", "warning", "bad"]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One line: what, how much of it, and what else to know."""

    what: str
    figure: str
    detail: str = ""
    tone: Tone = ""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Facts under one heading; ``more`` says what is left out."""

    name: str
    title: str
    facts: Sequence[Fact]
    more: str = ""
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class FrontPage:
    """All of it: the figures first, then why, when and how far to trust them.

    ``origin`` says when and from what it was made, ``size`` how much there will be.
    """

    title: str
    region: str
    origin: str
    size: str
    headline: Sequence[Fact]
    passages: Sequence[Passage]


def names(every: Sequence[str], most: int = _NAMES) -> str:
    """``a, b, c and 2 more``."""
    shown = ", ".join(every[:most])
    return f"{shown} and {len(every) - most} more" if len(every) > most else shown


def left_out(rest: Sequence[object], noun: str) -> str:
    """``2 models more below``, or nothing."""
    return f"{count(len(rest), noun)} more below" if rest else ""
