"""One thing that is wrong with a fleet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Judged = Literal["load", "objective", "nodes", "spot", "budget"]
"""``load``: what is asked is more than the largest fleet serves, or than its replicas have room
for. ``objective``: latencies are longer than promised. ``nodes``: replicas that no node is there
for. ``spot``: spot is priced where none may be had. ``budget``: the bill is above it."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Something that is wrong: ``fails`` where the stack cannot do what it is asked for.

    ``place`` is the config path that is judged; ``way_out`` names what to change.
    """

    judged: Judged
    fails: bool
    place: str
    problem: str
    way_out: str


def failing(found: Sequence[Verdict], *, strict: bool) -> bool:
    """Whether to stop for them: with ``strict`` for warnings too."""
    return any(strict or verdict.fails for verdict in found)
