"""How long a step of the engine takes with so many requests running, before anything is measured."""

from dataclasses import dataclass

from tokenfleet.catalogue.efficiencies import efficiencies
from tokenfleet.catalogue.hardware import Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.estimate.arithmetic import token_seconds
from tokenfleet.plan.serving.memory import MemoryBudget
from tokenfleet.settings.models import TrafficSettings


@dataclass(frozen=True, kw_only=True)
class Roofline:
    """Seconds of a step, part by part, for requests of the expected lengths.

    The roofline that the price rests on (``estimate.step``), but for the attention of
    prompts. ``weights`` is reading all of them, ``active`` the share that one token visits;
    ``sequence``, ``token`` and ``kv`` are for one running request. ``request`` passes before the
    engine sees one; ``first_token_p99`` is the 99th percentile of the time to the first token
    over its median.
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
        return (
            self.fixed
            + self._visited(running + prompt_tokens)
            + running * (self.sequence + self.token + self.kv)
            + prompt_tokens * self.token
        )

    def cycle(self, running: float, prompt: float, answer: float) -> float:
        """The mean step while requests come and go, with ``prompt`` and ``answer`` tokens each."""
        prompts = running / answer
        alone = self.step(running, 0)
        more = self._visited(running + prompt) - self._visited(running)
        return alone + min(1.0, prompts) * more + prompts * prompt * self.token

    def _visited(self, tokens: float) -> float:
        """Reading the weights that so many tokens visit together."""
        return self.weights * self.active * tokens / (1 + self.active * max(0.0, tokens - 1))


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
    bandwidth = found.bandwidth * ranks * hardware.bandwidth_gb_per_second(lanes) * 1e9
    active = min(1.0, model.active_parameters / model.text_parameters)
    context = traffic.input_tokens + traffic.output_tokens / 2
    kv = model.kv_bytes(context, memory.ranks, memory.kv_bytes_per_value) * memory.ranks
    return Roofline(
        fixed=found.step_seconds,
        sequence=found.sequence_seconds,
        token=token_seconds(
            found,
            model.active_parameters,
            active,
            model.weights_dtype,
            flops_by_dtype={
                dtype: hardware.reachable_flops(dtype) * lanes for dtype in hardware.tflops_by_dtype
            },
            grouped_share=hardware.grouped_share,
            ranks=memory.ranks,
        ),
        kv=kv / bandwidth,
        weights=model.text_bytes / bandwidth,
        active=active,
        request=found.request_seconds,
        first_token_p99=found.first_token_p99,
    )
