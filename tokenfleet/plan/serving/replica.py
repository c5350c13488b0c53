"""The server that a plan has sized, as its speed is estimated."""

from tokenfleet.catalogue.hardware import Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.estimate.replica import Kind, Replica, reachable_flops, source_of
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
        link=hardware.link,
        kv_bytes=memory.kv_gib * 2**30 * memory.ranks,
        max_sequences=batch.sequences,
        batched_tokens=batch.prompt_tokens,
        prefix_cache=prefix_cache,
        source=source_of(hardware),
    )


def _kind(kind: InstanceType) -> Kind:
    if kind.accelerator is None:
        return "cpu"
    return "neuron" if kind.accelerator.neuron_cores_each else "gpu"
