"""What clients call by one name: the replicas behind it, on one pool or several."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.plan.edge.affinity import AffinityPlan
from tokenfleet.task import Task

_LEAST_FIRST_TOKEN_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The replicas of one entry of the stack file, found by the name of their headless Service.

    ``weight`` is what one of its replicas holds beside those of others; ``priority`` 0 serves
    first. ``most_replicas`` is its upper bound.
    """

    model: str
    host: str
    port: int
    weight: int
    priority: int
    most_replicas: int
    bound: int
    engine_holds: bool


@dataclass(frozen=True, kw_only=True)
class ServedName:
    """One name that clients use. ``guard`` is what a pod of the edge lets in at most, on all replicas.

    ``adapters`` are names of their own for the same replicas. ``start_seconds`` is how long a
    replica takes to come where there is none, which is what a client is told then. An engine that
    says nothing of a stream for ``first_token_seconds`` is taken for hung, and another is asked.
    """

    name: str
    adapters: Sequence[str]
    task: Task
    routes: Sequence[str]
    backends: Sequence[Backend]
    affinity: AffinityPlan
    context_length: int
    retry_after_seconds: int
    start_seconds: int
    first_token_seconds: int
    guard: int

    @property
    def models(self) -> Sequence[str]:
        """All names that lead to its replicas."""
        return [self.name, *self.adapters]


def first_token_seconds(ttft_p99_ms: int) -> int:
    """Above the longest honest wait, of which a promise is about 99 of 100.

    To wait a minute for one that hangs costs less than to compute twice just when all are busy.
    """
    return max(_LEAST_FIRST_TOKEN_SECONDS, 2 * math.ceil(ttft_p99_ms / 1000))
