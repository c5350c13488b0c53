"""One vLLM server as its cost sees it: what its accelerators read, compute and hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.hardware import Hardware
from tokenfleet.catalogue.instances import InstanceType
from tokenfleet.plan.memory import MemoryBudget

Kind = Literal["gpu", "cpu", "neuron"]


@dataclass(frozen=True, kw_only=True)
class Replica:
    """All ranks of one server together.

    ``bandwidth`` is the peak of the memory in bytes a second and ``flops_by_dtype`` the dense
    peak of compute in operations a second, summed over ``ranks``; ``kv_bytes`` is what is left
    for the KV cache; ``max_sequences`` is the engine's limit of running requests.
    """

    name: str
    kind: Kind
    ranks: int
    bandwidth: float
    flops_by_dtype: Mapping[str, float]
    kv_bytes: float
    max_sequences: int
    source: str


def replica_of(
    hardware: Hardware, kind: InstanceType, memory: MemoryBudget, max_sequences: int
) -> Replica:
    """A replica that owns an instance of that type, as the plan has sized it."""
    # Peaks are per rank of an accelerator, and per vCPU of a CPU.
    units = memory.ranks if kind.accelerator else kind.vcpus
    return Replica(
        name=f"{memory.ranks} x {hardware.title}" if kind.accelerator else kind.instance_type,
        kind=_kind(kind),
        ranks=memory.ranks,
        bandwidth=hardware.memory_bandwidth_gb_per_second * 1e9 * units,
        flops_by_dtype={k: v * 1e12 * units for k, v in hardware.tflops_by_dtype.items()},
        kv_bytes=memory.kv_gib * 2**30 * memory.ranks,
        max_sequences=max_sequences,
        source=hardware.source,
    )


def _kind(kind: InstanceType) -> Kind:
    if kind.accelerator is None:
        return "cpu"
    return "neuron" if kind.accelerator.neuron_cores_each else "gpu"
