"""What LoRA adapters do to a step: kernels of their own beside each of the model's."""

import dataclasses
from dataclasses import dataclass

from tokenfleet.estimate.step.times import StepTimes

_BYTES = 2


@dataclass(frozen=True, kw_only=True)
class Adapters:
    """``count`` adapters that are held ready, each of ``parameters`` for all layers together."""

    count: int
    parameters: float


def adapted(
    step: StepTimes, adapters: Adapters, *, layer_seconds: float, work: float, ranks: int
) -> StepTimes:
    """The same step where any request may be for any of them.

    Each layer takes ``layer_seconds`` for their kernels, and each token ``work`` times what as many
    parameters of the model would. A step reads all of them, on every one of ``ranks`` ranks (vLLM
    divides them only when it is told to): more than it does where few requests run.
    """
    model = step.model
    visited = model.active_parameters - model.head_parameters
    read = adapters.count * adapters.parameters * _BYTES * ranks
    return dataclasses.replace(
        step,
        fixed=step.fixed + model.layers * layer_seconds + read * step.kv_byte,
        token=step.token * (1 + work * adapters.parameters / visited),
    )
