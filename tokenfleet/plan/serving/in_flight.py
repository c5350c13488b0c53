"""How many requests run at once on a replica at its share of the expected load."""

from tokenfleet.catalogue.hardware import Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.estimate.at_load import running_at
from tokenfleet.plan.serving.batch import BatchPlan
from tokenfleet.plan.serving.memory import MemoryBudget
from tokenfleet.plan.serving.replica import expected_shape, step_of
from tokenfleet.settings.models import TrafficSettings


def requests_in_flight(
    model: ModelFacts,
    memory: MemoryBudget,
    traffic: TrafficSettings,
    *,
    hardware: Hardware,
    kind: InstanceType,
    replicas: int,
    most: int,
) -> float:
    """Little's law, by the estimate of the price: ``most`` at most. ``replicas`` share the load."""
    batch = BatchPlan(sequences=most, sequences_reason="", prompt_tokens=1, prompt_tokens_reason="")
    step = step_of(model, memory, batch, hardware=hardware, kind=kind)
    offered = traffic.requests_per_second / replicas * traffic.output_tokens
    return running_at(step, expected_shape(traffic, "generate"), offered, most)
