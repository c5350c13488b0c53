"""What clients call by one name: the replicas behind it, on one pool or several."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.plan.edge.affinity import AffinityPlan
from tokenfleet.task import Task


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
    """One name that clients use. ``guard`` is what the edge itself lets in at most, on all replicas.

    ``adapters`` are names of their own for the same replicas. ``start_seconds`` is how long a
    replica takes to come where there is none, which is what a client is told then.
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
    guard: int

    @property
    def models(self) -> Sequence[str]:
        """All names that lead to its replicas."""
        return [self.name, *self.adapters]
