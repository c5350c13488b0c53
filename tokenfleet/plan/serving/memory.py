"""Does a model fit: weights, KV cache and runtime of one rank against the memory it owns."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.layer_cache import KV_BYTES_PER_VALUE, CacheKind
from tokenfleet.catalogue.machines.hardware import Engine, Hardware
from tokenfleet.catalogue.machines.instances import InstanceType, instance_types
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.catalogue.places.zones import is_offered
from tokenfleet.plan.nodes.sizes import node_size
from tokenfleet.plan.serving.engine.prefill import most_batched_tokens
from tokenfleet.settings.models import ModelSettings

_GIB = 2**30
# Up to 96 vCPU a Graviton4 host has one socket, which is one NUMA node; 192 vCPU have two.
_VCPUS_PER_NUMA_NODE = 96
# Room in the pod's memory limit for the page cache that reading the weights fills.
_PAGE_CACHE_GIB = 1.0


@dataclass(frozen=True, kw_only=True)
class KvShare:
    """What layers that are alike keep of one request of full length on a rank, in GiB."""

    kind: CacheKind
    layers: int
    gib: float
    arithmetic: str
    """Of one layer."""
    of_draft: bool


@dataclass(frozen=True, kw_only=True)
class MemoryBudget:
    """The memory of one rank of one replica, in GiB.

    A rank is one GPU, one NeuronCore, or one NUMA node of a CPU. ``kv_gib`` is what is left
    for the KV cache; it must hold one request of the full context length, at
    ``kv_bytes_per_value`` bytes a value. ``kv_in_flight_gib`` is what layers that keep the last
    tokens only keep besides, of the tokens that the step takes in.
    """

    ranks: int
    rank_gib: float
    usable_gib: float
    weights_gib: float
    draft_gib: float
    adapters_gib: float
    runtime_gib: float
    kv_gib: float
    kv_one_request_gib: float
    kv_in_flight_gib: float
    kv_bytes_per_value: int
    kv_shares: Sequence[KvShare]

    @property
    def fits(self) -> bool:
        """Whether one request of full length can be served."""
        fixed = self.weights_gib + self.draft_gib + self.adapters_gib + self.runtime_gib
        return fixed <= self.usable_gib and self.kv_gib >= self.kv_at_most_gib

    @property
    def kv_at_most_gib(self) -> float:
        """What one request of full length takes while its prompt is taken in."""
        return self.kv_one_request_gib + self.kv_in_flight_gib

    @property
    def keeps_nothing(self) -> bool:
        """Whether requests leave nothing in a cache: those of encoders."""
        return not self.kv_at_most_gib

    @property
    def full_length_requests(self) -> int | None:
        """How many requests of full length the cache holds at once; None where nothing is kept of them."""
        if self.keeps_nothing:
            return None
        return max(0, int(self.kv_gib / self.kv_at_most_gib))

    def arithmetic(self) -> str:
        """The sum, per rank, as one line."""
        fixed = self.weights_gib + self.draft_gib + self.adapters_gib + self.runtime_gib
        draft = f" + draft {self.draft_gib:.1f}" if self.draft_gib else ""
        adapters = f" + adapters {self.adapters_gib:.1f}" if self.adapters_gib else ""
        return (
            f"weights {self.weights_gib:.1f}{draft}{adapters} + KV of one request"
            f" {self.kv_at_most_gib:.1f} + runtime {self.runtime_gib:.1f} ="
            f" {fixed + self.kv_at_most_gib:.1f} GiB"
            f" per rank x {self.ranks}, usable {self.usable_gib:.1f} of {self.rank_gib:.1f} GiB"
        )


@dataclass(frozen=True, kw_only=True)
class MemoryUse:
    """What of a model's settings decides how much memory it takes.

    ``tensor_parallel_size`` None stands for all devices that its heads can be divided over;
    ``adapter_ranks`` are those of its LoRA adapters.
    """

    context_length: int
    kv_bytes_per_value: int = KV_BYTES_PER_VALUE
    tensor_parallel_size: int | None = None
    adapter_ranks: Sequence[int] = ()


def memory_use(settings: ModelSettings) -> MemoryUse:
    """How a model is to be served, as far as memory is concerned."""
    return MemoryUse(
        context_length=settings.context_length,
        kv_bytes_per_value=1 if settings.kv_cache_dtype == "fp8" else KV_BYTES_PER_VALUE,
        tensor_parallel_size=settings.tensor_parallel_size,
        adapter_ranks=[adapter.rank for adapter in settings.adapters.values()],
    )


def devices_of(kind: InstanceType) -> int:
    """How many ranks an instance has room for: its GPUs, NeuronCores or NUMA nodes."""
    return kind.accelerator.ranks if kind.accelerator else -(-kind.vcpus // _VCPUS_PER_NUMA_NODE)


def ranks_of(kind: InstanceType, model: ModelFacts) -> int:
    """Tensor-parallel size of a replica that owns the whole instance.

    The largest power of two of devices (or NUMA nodes) that the engine divides the model over.
    """
    devices, ranks = devices_of(kind), 1
    while ranks * 2 <= devices and model.takes_ranks(ranks * 2):
        ranks *= 2
    return ranks


def memory_budget(
    model: ModelFacts, use: MemoryUse, kind: InstanceType, engine: Engine
) -> MemoryBudget:
    """The budget of one replica of ``model`` on an instance of that type.

    Adapters are held ready for all at once, each as large as the largest.
    """
    ranks = use.tensor_parallel_size or ranks_of(kind, model)
    slots = adapter_slots(len(use.adapter_ranks), kind)
    adapters = slots * model.adapter_bytes(max(use.adapter_ranks, default=0)) / _GIB
    if kind.accelerator:
        rank_gib = kind.accelerator.memory_gib_per_rank
        usable = rank_gib * engine.usable_device_fraction
    else:
        rank_gib = node_size(kind).for_models_mib / 1024 / ranks
        usable = rank_gib - (_PAGE_CACHE_GIB + shared_memory_mib(ranks) / 1024) / ranks
    weights = model.loaded_bytes / _GIB / ranks
    draft = _draft_bytes(model, ranks) / _GIB
    kv_gib = max(0.0, usable - weights - draft - adapters - engine.runtime_gib_per_rank)
    if not kind.accelerator:
        # VLLM_CPU_KVCACHE_SPACE is read in whole GiB; the rest of one stays free.
        usable -= kv_gib % 1
        kv_gib -= kv_gib % 1
    # A GPU's next step is scheduled while one is going on (vllm/config/vllm.py: max_in_flight_tokens).
    steps = 2 if kind.accelerator else 1
    in_flight = 0 if engine.sdk else steps * most_batched_tokens(kind)
    own = len(model.layer_caches) - len(model.draft.caches if model.draft else ())
    resting, peak = (
        model.kv_bytes(use.context_length, ranks, use.kv_bytes_per_value, tokens)
        for tokens in (0, in_flight)
    )
    return MemoryBudget(
        ranks=ranks,
        rank_gib=rank_gib,
        usable_gib=usable,
        weights_gib=weights,
        draft_gib=draft,
        adapters_gib=adapters,
        runtime_gib=engine.runtime_gib_per_rank,
        kv_gib=kv_gib,
        kv_one_request_gib=resting / _GIB,
        kv_in_flight_gib=(peak - resting) / _GIB,
        kv_bytes_per_value=use.kv_bytes_per_value,
        kv_shares=[
            KvShare(
                kind=each.kind,
                layers=each.layers,
                gib=each.bytes_of(use.context_length, ranks, use.kv_bytes_per_value) / _GIB,
                arithmetic=each.arithmetic(use.context_length, ranks, use.kv_bytes_per_value),
                of_draft=place >= own,
            )
            for place, each in enumerate(model.layer_caches)
        ],
    )


def adapter_slots(adapters: int, kind: InstanceType) -> int:
    """Copies of adapters on a rank: the host has one of each, which on a CPU is the same memory."""
    return adapters * (1 if kind.accelerator else 2)


def _draft_bytes(model: ModelFacts, ranks: int) -> float:
    """What drafts, on one rank: the engine divides it over the ranks of the model."""
    draft = model.draft
    return draft.loaded_bytes / ranks + draft.bytes_on_each_rank if draft else 0.0


def shared_memory_mib(ranks: int) -> int:
    """The size of /dev/shm: ranks talk through it, and 64 MiB is a container's default.

    It counts as the pod's memory once it is written to.
    """
    return 2048 if ranks > 1 else 64


def smallest_that_fits(
    model: ModelFacts,
    use: MemoryUse,
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
            and is_offered(kind.instance_type, region) is not False
            and "metal" not in kind.instance_type
        ),
        key=lambda kind: (kind.family not in families, kind.memory_gib, kind.vcpus, kind.family),
    )
    return next(
        (kind for kind in candidates if memory_budget(model, use, kind, engine).fits),
        None,
    )
