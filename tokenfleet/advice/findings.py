"""What is wrong with an account for a stack, and what to change."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class AccountFinding:
    """``blocks``: ``pulumi up`` fails, or something of the stack can never start; ``warns``: less."""

    level: Literal["blocks", "warns"]
    about: str
    """The pool, the key of the stack file, or the quota's code."""
    problem: str
    change: str


def blocks(about: str, problem: str, change: str) -> AccountFinding:
    """What has to be changed first."""
    return AccountFinding(level="blocks", about=about, problem=problem, change=change)


def warns(about: str, problem: str, change: str) -> AccountFinding:
    """What makes it worse than it looks."""
    return AccountFinding(level="warns", about=about, problem=problem, change=change)
