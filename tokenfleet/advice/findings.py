"""What is wrong with an account for a stack, and what to change."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``blocks``: ``pulumi up`` fails, or something of the stack can never start; ``warns``: less."""

    level: Literal["blocks", "warns"]
    about: str
    """The pool, the key of the stack file, or the quota's code."""
    problem: str
    change: str


def blocks(about: str, problem: str, change: str) -> Finding:
    """What has to be changed first."""
    return Finding(level="blocks", about=about, problem=problem, change=change)


def warns(about: str, problem: str, change: str) -> Finding:
    """What makes it worse than it looks."""
    return Finding(level="warns", about=about, problem=problem, change=change)
