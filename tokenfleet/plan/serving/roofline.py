"""How long a step of the engine takes with so many requests running, before anything is measured."""

from dataclasses import dataclass

from tokenfleet.catalogue.efficiencies import efficiencies
from tokenfleet.catalogue.hardware import Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.estimate.served_model import served_model
from tokenfleet.estimate.step import StepTimes, step_times
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.plan.serving.batch import BatchPlan
from tokenfleet.plan.serving.memory import MemoryBudget
from tokenfleet.plan.serving.replica import replica_of
from tokenfleet.settings.models import TrafficSettings


@dataclass(frozen=True, kw_only=True)
class Roofline:
    """Seconds of a step for requests of the expected lengths.

    The step that the price rests on. ``request`` passes before the
    engine sees one; ``late`` is its ``Efficiencies.late_seconds``.
    """

    times: StepTimes
    context: float
    request: float
    late: float

    def step(self, running: float, prompt_tokens: float) -> float:
        """A step that gives each of them a token and reads so many tokens of prompts beside."""
        return self.times.mixed(
            running, self.context, prompt_tokens, prompt_tokens * self.times.token
        )

    def cycle(self, running: float, prompt: float, answer: float) -> float:
        """The mean step while requests come and go, with ``prompt`` and ``answer`` tokens each."""
        shape = RequestShape(input_tokens=prompt, output_tokens=answer)
        return self.times.cycle(max(1.0, running), shape)


def roofline_of(
    model: ModelFacts,
    memory: MemoryBudget,
    traffic: TrafficSettings,
    *,
    hardware: Hardware,
    kind: InstanceType,
) -> Roofline:
    """That of a replica which owns an instance of that type."""
    unlimited = BatchPlan(
        sequences=1, sequences_reason="", prompt_tokens=1, prompt_tokens_reason=""
    )
    replica = replica_of(hardware, kind, memory, unlimited, prefix_cache=False)
    found = efficiencies()[replica.kind]
    served = served_model("", model, memory.ranks, memory.kv_bytes_per_value)
    return Roofline(
        times=step_times(served, replica, found),
        context=traffic.input_tokens + traffic.output_tokens / 2,
        request=found.request_seconds,
        late=found.late_seconds,
    )
