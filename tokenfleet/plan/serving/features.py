"""What a replica does beside serving its model, as its speed is estimated."""

from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.estimate.features.assumed import Features
from tokenfleet.plan.serving.expected import adapters_of
from tokenfleet.plan.serving.gain import speculation_of
from tokenfleet.plan.serving.model import ModelPlan


def features_of(model: ModelPlan, kind: InstanceType, *, gathered: bool) -> Features:
    """All that a planned replica does besides; see ``Features.gathered``."""
    planned = model.speculation
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
        adapters=adapters_of(model.memory, len(model.adapters), kind),
        gathered=gathered,
    )
