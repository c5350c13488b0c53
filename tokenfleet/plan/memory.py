"""Does a model fit: weights, KV cache and runtime of one rank against the memory it owns."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.hardware import Engine, Hardware
from tokenfleet.catalogue.instances import InstanceType, instance_types
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.nodes import node_size

_GIB = 2**30
# Up to 96 vCPU a Graviton4 host has one socket, which is one NUMA node; 192 vCPU have two.
_VCPUS_PER_NUMA_NODE = 96
# Room in the pod's memory limit for the page cache that reading the weights fills.
_PAGE_CACHE_GIB = 1.0


@dataclass(frozen=True, kw_only=True)
class MemoryBudget:
    """The memory of one rank of one replica, in GiB.

    A rank is one GPU, one NeuronCore, or one NUMA node of a CPU. ``kv_gib`` is what is left
    for the KV cache; it must hold one request of the full context length.
    """

    ranks: int
    rank_gib: float
    usable_gib: float
    weights_gib: float
    runtime_gib: float
    kv_gib: float
    kv_one_request_gib: float

    @property
    def fits(self) -> bool:
        """Whether one request of full length can be served."""
        return self.kv_gib >= self.kv_one_request_gib

    @property
    def full_length_requests(self) -> int:
        """How many requests of full length the KV cache holds at once."""
        return max(0, int(self.kv_gib / self.kv_one_request_gib))

    def arithmetic(self) -> str:
        """The sum, per rank, as one line."""
        return (
            f"weights {self.weights_gib:.1f} + KV of one request {self.kv_one_request_gib:.1f}"
            f" + runtime {self.runtime_gib:.1f} ="
            f" {self.weights_gib + self.kv_one_request_gib + self.runtime_gib:.1f} GiB"
            f" per rank x {self.ranks}, usable {self.usable_gib:.1f} of {self.rank_gib:.1f} GiB"
        )


def ranks_of(kind: InstanceType, model: ModelFacts) -> int:
    """Tensor-parallel size of a replica that owns the whole instance.

    The largest power of two of devices (or NUMA nodes) that divides the attention heads.
    """
    devices = kind.accelerator.ranks if kind.accelerator else -(-kind.vcpus // _VCPUS_PER_NUMA_NODE)
    ranks = 1
    while ranks * 2 <= devices and model.attention_heads % (ranks * 2) == 0:
        ranks *= 2
    return ranks


def memory_budget(
    model: ModelFacts, context_length: int, kind: InstanceType, engine: Engine
) -> MemoryBudget:
    """The budget of one replica of ``model`` on an instance of that type."""
    ranks = ranks_of(kind, model)
    if kind.accelerator:
        rank_gib = kind.accelerator.memory_gib_per_rank
        usable = rank_gib * engine.usable_device_fraction
    else:
        rank_gib = node_size(kind).for_models_mib / 1024 / ranks
        usable = rank_gib - _PAGE_CACHE_GIB / ranks
    weights = model.weights_bytes / _GIB / ranks
    return MemoryBudget(
        ranks=ranks,
        rank_gib=rank_gib,
        usable_gib=usable,
        weights_gib=weights,
        runtime_gib=engine.runtime_gib_per_rank,
        kv_gib=max(0.0, usable - weights - engine.runtime_gib_per_rank),
        kv_one_request_gib=model.kv_bytes(context_length, ranks) / _GIB,
    )


def smallest_that_fits(
    model: ModelFacts,
    context_length: int,
    *,
    hardware: Hardware,
    engine: Engine,
    region: str,
    families: Sequence[str],
) -> InstanceType | None:
    """The smallest instance type offered in ``region`` that holds the model.

    ``families`` are tried first (those the pool already names), then every family of the
    hardware.
    """
    candidates = sorted(
        (
            kind
            for kind in instance_types().values()
            if hardware.runs_on(kind)
            and region in kind.offered_in
            and "metal" not in kind.instance_type
        ),
        key=lambda kind: (kind.family not in families, kind.memory_gib, kind.vcpus, kind.family),
    )
    return next(
        (kind for kind in candidates if memory_budget(model, context_length, kind, engine).fits),
        None,
    )
