"""One served model: engine, arguments, environment, resources, replicas and the drain budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.hardware import Engine, engines
from tokenfleet.catalogue.instances import instance_type
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.cold_start import (
    ColdStart,
    StartDeadlines,
    cold_starts,
    slowest,
    start_deadlines,
)
from tokenfleet.plan.engine import (
    MODELS_PATH,
    artifacts_of,
    engine_arguments,
    engine_command,
    engine_environment,
)
from tokenfleet.plan.memory import MemoryBudget, memory_budget
from tokenfleet.plan.nodes import smallest
from tokenfleet.plan.pools import PoolPlan
from tokenfleet.settings.sections import ModelSettings, ObjectiveSettings, TrafficSettings
from tokenfleet.weights.layout import files_folder, snapshot_of

_QUANTIZED = frozenset({"fp8", "mxfp4", "int8", "int4"})


@dataclass(frozen=True, kw_only=True)
class DrainPlan:
    """What happens between SIGTERM and SIGKILL, in seconds.

    A new request that reaches a draining vLLM gets a 500, so the pod first sleeps until no
    endpoint list holds it; then running requests may finish; then the engine is torn down.
    """

    pre_stop_seconds: int
    shutdown_timeout_seconds: int
    margin_seconds: int

    @property
    def grace_seconds(self) -> int:
        """terminationGracePeriodSeconds: the three parts together."""
        return self.pre_stop_seconds + self.shutdown_timeout_seconds + self.margin_seconds


@dataclass(frozen=True, kw_only=True)
class PodResources:
    """What a replica asks for: whole nodes, so a replica never shares memory bandwidth."""

    millicpu: int
    memory_mib: int
    ephemeral_gib: int
    shared_memory_mib: int
    devices: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class ModelPlan:
    """A model served on a pool.

    ``snapshots`` are what its replicas need in the cache: the weights, and where code is
    compiled ahead of time, that; ``weights_gb`` are 10^9 bytes. ``cold_start`` is that of the pool's slowest type.
    """

    name: str
    hugging_face_id: str
    revision: str
    facts: ModelFacts
    snapshots: Sequence[str]
    weights_gb: float
    pool: str
    engine: str
    image: str
    legacy: bool
    context_length: int
    max_sequences: int
    memory: MemoryBudget
    command: Sequence[str]
    arguments: Sequence[str]
    environment: Mapping[str, str]
    resources: PodResources
    drain: DrainPlan
    cold_start: ColdStart
    deadlines: StartDeadlines
    min_replicas: int
    max_replicas: int
    objective: ObjectiveSettings
    traffic: TrafficSettings | None


def plan_model(name: str, settings: ModelSettings, facts: ModelFacts, pool: PoolPlan) -> ModelPlan:
    """Decide how a model is served on its pool.

    Raises:
        CatalogueError: when the pool names an unknown instance type.
    """
    kind = smallest([instance_type(kind) for kind in pool.instance_types])
    engine = engines()[pool.engine]
    memory = memory_budget(facts, settings.context_length, kind, engine)
    sequences = _max_sequences(settings, facts, memory, engine, pool)
    # Neuron's vLLM 0.13 has no --shutdown-timeout: it drains in preStop alone.
    drain = (
        DrainPlan(pre_stop_seconds=75, shutdown_timeout_seconds=0, margin_seconds=25)
        if pool.ami_variant == "neuron"
        else DrainPlan(pre_stop_seconds=15, shutdown_timeout_seconds=60, margin_seconds=25)
    )
    weights = snapshot_of(settings.hugging_face_id, settings.revision)
    artifacts = artifacts_of(settings, engine, memory.ranks, sequences)
    starts = cold_starts(pool.disks, pool.engine, facts, precompiled=bool(artifacts))
    return ModelPlan(
        name=name,
        hugging_face_id=settings.hugging_face_id,
        revision=settings.revision,
        facts=facts,
        snapshots=[weights, *artifacts],
        weights_gb=facts.weights_bytes / 1e9,
        pool=pool.name,
        engine=pool.engine,
        image=engine.image,
        legacy=engine.legacy,
        context_length=settings.context_length,
        max_sequences=sequences,
        memory=memory,
        command=engine_command([weights, *artifacts]),
        arguments=engine_arguments(
            name,
            settings,
            pool,
            weights=files_folder(MODELS_PATH, weights),
            # A quantised checkpoint says how; forcing bfloat16 on it would be refused.
            dtype="auto" if facts.weights_dtype in _QUANTIZED else "bfloat16",
            ranks=memory.ranks,
            sequences=sequences,
            shutdown_timeout_seconds=drain.shutdown_timeout_seconds,
        ),
        environment=engine_environment(pool, memory, artifacts),
        resources=_resources(pool, memory),
        drain=drain,
        cold_start=slowest(starts),
        deadlines=start_deadlines(starts),
        min_replicas=settings.replicas.min,
        max_replicas=settings.replicas.max,
        objective=settings.objective,
        traffic=settings.traffic,
    )


def _max_sequences(
    settings: ModelSettings, facts: ModelFacts, memory: MemoryBudget, engine: Engine, pool: PoolPlan
) -> int:
    """How many sequences may run at once: as many as the KV cache holds, within the engine's cap.

    Sized for the expected lengths; without traffic the cap stands, and vLLM preempts when the
    cache is full. Neuron compiles a fixed batch of full-length sequences, so there the batch
    is a power of two of full-length requests.
    """
    if pool.ami_variant == "neuron":
        fitting = min(engine.max_sequences, memory.full_length_requests)
        return 1 << max(0, fitting.bit_length() - 1)
    if settings.traffic is None:
        return engine.max_sequences
    tokens = settings.traffic.input_tokens + settings.traffic.output_tokens
    one_gib = facts.kv_bytes(tokens, memory.ranks) / 2**30
    return max(1, min(engine.max_sequences, int(memory.kv_gib / one_gib)))


def _resources(pool: PoolPlan, memory: MemoryBudget) -> PodResources:
    return PodResources(
        millicpu=pool.size.for_models_millicpu // 1000 * 1000,
        memory_mib=pool.size.for_models_mib,
        # Compiled code, temporary files and logs; weights lie in the cache of the node.
        ephemeral_gib=10,
        # Tensor-parallel ranks talk through /dev/shm; 64 MiB is the container default.
        shared_memory_mib=2048 if memory.ranks > 1 else 64,
        devices=pool.resources,
    )
