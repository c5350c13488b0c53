"""How many requests run at once on a replica at its share of the expected load."""

from tokenfleet.catalogue.hardware import Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.serving.memory import MemoryBudget
from tokenfleet.plan.serving.roofline import roofline_of
from tokenfleet.settings.models import TrafficSettings

# Halvings that bring a number of requests to a thousandth.
_HALVINGS = 20


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
    """Little's law: requests a second x tokens of an answer x seconds of a step, ``most`` at most.

    Where a step takes longer than the roofline there are more. ``replicas`` share the load.
    """
    roofline = roofline_of(model, memory, traffic, hardware=hardware, kind=kind)
    offered = traffic.requests_per_second / replicas * traffic.output_tokens

    def rate(running: float) -> float:
        return running / roofline.cycle(running, traffic.input_tokens, traffic.output_tokens)

    least, running = 0.0, float(most)
    if rate(running) <= offered:
        return running
    for _ in range(_HALVINGS):
        middle = (least + running) / 2
        if rate(middle) < offered:
            least = middle
        else:
            running = middle
    return running
