"""The server that a plan has sized, as its speed is estimated."""

from tokenfleet.catalogue.efficiencies import efficiencies
from tokenfleet.catalogue.hardware import Engine, Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.estimate.features.assumed import PLAIN, Features
from tokenfleet.estimate.replica import Kind, Replica, reachable_flops, source_of
from tokenfleet.estimate.served_model import served_model
from tokenfleet.estimate.step.times import StepTimes, step_times
from tokenfleet.estimate.throughput import Saturation, saturation
from tokenfleet.estimate.traffic import RequestShape
from tokenfleet.plan.serving.batch import BatchPlan
from tokenfleet.plan.serving.memory import MemoryBudget


def replica_of(
    hardware: Hardware,
    kind: InstanceType,
    memory: MemoryBudget,
    batch: BatchPlan,
    *,
    prefix_cache: bool,
) -> Replica:
    """A replica that owns an instance of that type, as the plan has sized it."""
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


def saturation_of(
    facts: ModelFacts,
    memory: MemoryBudget,
    batch: BatchPlan,
    shape: RequestShape,
    *,
    hardware: Hardware,
    engine: Engine,
    kind: InstanceType,
    features: Features = PLAIN,
    name: str = "the model",
) -> Saturation:
    """What a replica that owns an instance of that type serves at most; ``name`` is said of the model.

    Raises:
        CostError: when not one request of that shape fits the KV cache.
    """
    prefix_cache = engine.sdk is None and not shape.is_pooled
    replica = replica_of(hardware, kind, memory, batch, prefix_cache=prefix_cache)
    return saturation(
        served_model(name, facts, memory.ranks, memory.kv_bytes_per_value),
        replica,
        shape,
        features=features,
    )


def step_of(
    facts: ModelFacts,
    memory: MemoryBudget,
    batch: BatchPlan,
    *,
    hardware: Hardware,
    kind: InstanceType,
) -> StepTimes:
    """The times of its step where nobody knows what is asked of it."""
    replica = replica_of(hardware, kind, memory, batch, prefix_cache=False)
    model = served_model(facts.model_type, facts, memory.ranks, memory.kv_bytes_per_value)
    return step_times(model, replica, efficiencies()[replica.kind])


def _kind(kind: InstanceType) -> Kind:
    if kind.accelerator is None:
        return "cpu"
    return "neuron" if kind.accelerator.neuron_cores_each else "gpu"
