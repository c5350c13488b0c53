"""How many requests a replica takes in: those that run at once, and those that may wait."""

import math
from dataclasses import dataclass

from tokenfleet.catalogue.hardware import Engine
from tokenfleet.plan.serving.batch import BatchPlan
from tokenfleet.settings.models import ModelSettings


@dataclass(frozen=True, kw_only=True)
class AdmissionPlan:
    """What one replica takes in before it refuses, each with its reason.

    ``slots`` run at once, ``queue`` more wait. ``engine_holds``: whether the engine itself refuses beyond
    both; otherwise the edge alone does, for all replicas together. ``answer_seconds`` is what a
    mean answer takes with all slots in use, None where nobody says how long answers are.
    ``retry_after_seconds`` is what a refused client is told to wait.
    """

    slots: int
    slots_reason: str
    queue: int
    queue_reason: str
    answer_seconds: float | None
    engine_holds: bool
    retry_after_seconds: int

    @property
    def bound(self) -> int:
        """Requests of one replica at most, running and waiting."""
        return self.slots + self.queue


def plan_admission(settings: ModelSettings, batch: BatchPlan, engine: Engine) -> AdmissionPlan:
    """Decide it for a replica with that batch."""
    del settings
    queue = max(1, math.ceil(batch.sequences / 5))
    return AdmissionPlan(
        slots=batch.sequences,
        slots_reason="the batch",
        queue=queue,
        queue_reason="a fifth of it",
        answer_seconds=None,
        engine_holds=engine.sdk is None,
        retry_after_seconds=5,
    )
