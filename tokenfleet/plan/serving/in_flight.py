"""How many requests run at once on a replica at its share of the expected load."""

from tokenfleet.catalogue.efficiencies import efficiencies
from tokenfleet.catalogue.hardware import Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.serving.memory import MemoryBudget
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

    A step is the roofline that the price rests on (``economics.estimate.step``), but for what a
    mixture of experts and weights without units of their own cost beyond it: of these there are
    more in flight. ``replicas`` share the load.
    """
    found = efficiencies()["gpu" if kind.accelerator else "cpu"]
    lanes = memory.ranks if kind.accelerator else kind.vcpus
    ranks = found.rank_share ** (memory.ranks - 1)
    bandwidth = found.bandwidth * ranks * hardware.memory_bandwidth_gb_per_second * 1e9 * lanes
    dtype = model.weights_dtype if model.weights_dtype in hardware.tflops_by_dtype else "bfloat16"
    token = (
        2
        * model.active_parameters
        / (found.compute * ranks * hardware.reachable_flops(dtype) * lanes)
    )
    context = traffic.input_tokens + traffic.output_tokens / 2
    kv = model.kv_bytes(context, memory.ranks, memory.kv_bytes_per_value) * memory.ranks / bandwidth
    prompts = traffic.input_tokens / traffic.output_tokens
    each = found.sequence_seconds + token * (1 + prompts) + kv
    share = model.active_parameters / model.parameters
    offered = traffic.requests_per_second / replicas * traffic.output_tokens

    def step(running: float) -> float:
        visited = share * running / (1 + share * max(0.0, running - 1))
        return found.step_seconds + model.loaded_bytes * visited / bandwidth + running * each

    least, running = 0.0, float(most)
    if running / step(running) <= offered:
        return running
    for _ in range(_HALVINGS):
        middle = (least + running) / 2
        if middle / step(middle) < offered:
            least = middle
        else:
            running = middle
    return running
