"""A model's server on one instance of its pool: what all that is decided about a replica is decided on."""

from dataclasses import dataclass

from tokenfleet.catalogue.machines.efficiencies import efficiencies
from tokenfleet.catalogue.machines.hardware import Engine, Hardware, engines
from tokenfleet.catalogue.machines.instances import InstanceType
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.estimate.features.assumed import PLAIN, Features
from tokenfleet.estimate.replica import Kind, Replica, reachable_flops, source_of
from tokenfleet.estimate.served_model import ServedModel, served_model
from tokenfleet.estimate.step.times import StepTimes, step_times
from tokenfleet.estimate.throughput import Saturation, saturation
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.memory import MemoryBudget, MemoryUse, memory_budget


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that owns an instance of that type, before its limits are chosen.

    With those of a ``BatchPlan`` its speed can be estimated; ``name`` is then said of the model.
    """

    facts: ModelFacts
    hardware: Hardware
    kind: InstanceType
    memory: MemoryBudget

    @property
    def engine(self) -> Engine:
        """What serves on such hardware."""
        return engines()[self.hardware.engine]

    def model(self, name: str = "the model") -> ServedModel:
        """The model on its ranks."""
        memory = self.memory
        return served_model(name, self.facts, memory.ranks, memory.kv_bytes_per_value)

    def replica(self, batch: BatchPlan, *, prefix_cache: bool) -> Replica:
        """The server with those limits."""
        hardware, kind, memory = self.hardware, self.kind, self.memory
        # Peaks are per rank of an accelerator, and per vCPU of a CPU.
        units = memory.ranks if kind.accelerator else kind.vcpus
        return Replica(
            name=f"{memory.ranks} x {hardware.title}" if kind.accelerator else kind.instance_type,
            device=kind.accelerator.name if kind.accelerator else hardware.title,
            kind=_kind(kind),
            ranks=memory.ranks,
            bandwidth=hardware.bandwidth_gb_per_second(units) * 1e9,
            flops_by_dtype=reachable_flops(hardware, units),
            grouped_share=hardware.grouped_share,
            sink_kernel=hardware.sink_kernel,
            link=hardware.link,
            kv_bytes=memory.kv_gib * 2**30 * memory.ranks,
            max_sequences=batch.sequences,
            batched_tokens=batch.prompt_tokens,
            prefix_cache=prefix_cache,
            source=source_of(hardware),
        )

    def saturation(
        self,
        batch: BatchPlan,
        shape: RequestShape,
        *,
        features: Features = PLAIN,
        name: str = "the model",
    ) -> Saturation:
        """What it serves at most, with a prefix cache where the engine has one by default.

        Raises:
            CostError: when not one request of that shape fits the KV cache.
        """
        prefix_cache = self.engine.sdk is None and not shape.is_pooled
        replica = self.replica(batch, prefix_cache=prefix_cache)
        return saturation(self.model(name), replica, shape, features=features)

    def step(self, batch: BatchPlan) -> StepTimes:
        """The times of its step, whatever is asked of it."""
        replica = self.replica(batch, prefix_cache=False)
        return step_times(self.model(), replica, efficiencies()[replica.kind])


def server_on(facts: ModelFacts, use: MemoryUse, hardware: Hardware, kind: InstanceType) -> Server:
    """The server of a model on an instance of that type; ``memory.fits`` says whether there can be one."""
    memory = memory_budget(facts, use, kind, engines()[hardware.engine])
    return Server(facts=facts, hardware=hardware, kind=kind, memory=memory)


def _kind(kind: InstanceType) -> Kind:
    if kind.accelerator is None:
        return "cpu"
    return "neuron" if kind.accelerator.neuron_cores_each else "gpu"
