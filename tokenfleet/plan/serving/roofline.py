"""How long a step of the engine takes with so many requests running, before anything is measured."""

from dataclasses import dataclass

from tokenfleet.catalogue.efficiencies import efficiencies
from tokenfleet.catalogue.hardware import Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.serving.memory import MemoryBudget
from tokenfleet.settings.models import TrafficSettings


@dataclass(frozen=True, kw_only=True)
class Roofline:
    """Seconds of a step, part by part, for requests of the expected lengths.

    The roofline that the price rests on (``economics.estimate.step``), but for what a mixture of
    experts and weights without units of their own cost beyond it, and the attention of prompts.
    ``weights`` is reading all of them, ``active`` the share that one token visits; ``sequence``,
    ``token`` and ``kv`` are for one running request. ``first_token_p99`` is the 99th percentile
    of the time to the first token over its median, ``request`` what passes before the engine.
    """

    fixed: float
    sequence: float
    token: float
    kv: float
    weights: float
    active: float
    request: float
    first_token_p99: float

    def step(self, running: float, prompt_tokens: float) -> float:
        """A step that gives each of them a token and reads so many tokens of prompts beside."""
        visited = self.active * running / (1 + self.active * max(0.0, running - 1))
        return (
            self.fixed
            + self.weights * visited
            + running * (self.sequence + self.token + self.kv)
            + prompt_tokens * self.token
        )


def roofline_of(
    model: ModelFacts,
    memory: MemoryBudget,
    traffic: TrafficSettings,
    *,
    hardware: Hardware,
    kind: InstanceType,
) -> Roofline:
    """That of a replica which owns an instance of that type."""
    found = efficiencies()["gpu" if kind.accelerator else "cpu"]
    lanes = memory.ranks if kind.accelerator else kind.vcpus
    ranks = found.rank_share ** (memory.ranks - 1)
    bandwidth = found.bandwidth * ranks * hardware.memory_bandwidth_gb_per_second * 1e9 * lanes
    dtype = model.weights_dtype if model.weights_dtype in hardware.tflops_by_dtype else "bfloat16"
    flops = found.compute * ranks * hardware.reachable_flops(dtype) * lanes
    context = traffic.input_tokens + traffic.output_tokens / 2
    kv = model.kv_bytes(context, memory.ranks, memory.kv_bytes_per_value) * memory.ranks
    return Roofline(
        fixed=found.step_seconds,
        sequence=found.sequence_seconds,
        token=2 * model.active_parameters / flops,
        kv=kv / bandwidth,
        weights=model.loaded_bytes / bandwidth,
        active=model.active_parameters / model.parameters,
        request=found.request_seconds,
        first_token_p99=found.first_token_p99,
    )
