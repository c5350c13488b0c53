"""A replica as it is planned, to be asked for its speed again."""

from tokenfleet.catalogue.machines.hardware import hardware_by_name
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.estimate.features.assumed import Features
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.nodes.sizes import smallest
from tokenfleet.plan.serving.limits.expected import adapters_of
from tokenfleet.plan.serving.limits.gain import speculation_of
from tokenfleet.plan.serving.limits.server import Server
from tokenfleet.plan.serving.model import ModelPlan


def server_of(model: ModelPlan, pool: PoolPlan) -> Server:
    """What its limits were chosen for, on the smallest instance of its pool."""
    return Server(
        facts=model.facts,
        hardware=hardware_by_name()[pool.hardware],
        kind=smallest([instance_type(name) for name in pool.instance_types]),
        memory=model.memory,
    )


def features_of(model: ModelPlan, server: Server, *, gathered: bool) -> Features:
    """All that it does beside serving its model; see ``Features.gathered``."""
    planned = model.speculation
    return Features(
        speculation=speculation_of(
            server,
            method=planned.method,
            tokens=planned.tokens,
            accepted_share=planned.accepted_share,
        )
        if planned
        else None,
        adapters=adapters_of(server, len(model.adapters)),
        gathered=gathered,
    )
