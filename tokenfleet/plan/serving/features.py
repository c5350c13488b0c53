"""What a replica does beside serving its model, as its speed is estimated."""

from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.estimate.adapters import Adapters
from tokenfleet.estimate.features import Features
from tokenfleet.plan.serving.gain import speculation_of
from tokenfleet.plan.serving.memory import adapter_slots
from tokenfleet.plan.serving.model import ModelPlan

# In 16 bits.
_BYTES = 2


def features_of(model: ModelPlan, kind: InstanceType, *, gathered: bool) -> Features:
    """All that a planned replica does besides; see ``Features.gathered``."""
    planned, count = model.speculation, len(model.adapters)
    one_gib = model.memory.adapters_gib / max(1, adapter_slots(count, kind))
    return Features(
        speculation=speculation_of(
            model.facts,
            model.memory,
            method=planned.method,
            tokens=planned.tokens,
            accepted_share=planned.accepted_share,
        )
        if planned
        else None,
        adapters=Adapters(count=count, parameters=one_gib * 2**30 / _BYTES) if count else None,
        gathered=gathered,
    )
