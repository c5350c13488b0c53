"""One served model: engine, arguments, environment, resources, replicas and the drain budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.hardware import Engine, engines
from tokenfleet.catalogue.instances import instance_type
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.memory import MemoryBudget, memory_budget
from tokenfleet.plan.nodes import smallest
from tokenfleet.plan.pools import PoolPlan
from tokenfleet.settings.sections import ModelSettings, ObjectiveSettings, TrafficSettings

PORT = 8000
CACHE_PATH = "/cache"
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
    """A model served on a pool."""

    name: str
    hugging_face_id: str
    revision: str
    pool: str
    engine: str
    image: str
    legacy: bool
    context_length: int
    max_sequences: int
    memory: MemoryBudget
    arguments: Sequence[str]
    environment: Mapping[str, str]
    resources: PodResources
    drain: DrainPlan
    load_deadline_seconds: int
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
    return ModelPlan(
        name=name,
        hugging_face_id=settings.hugging_face_id,
        revision=settings.revision,
        pool=pool.name,
        engine=pool.engine,
        image=engine.image,
        legacy=engine.legacy,
        context_length=settings.context_length,
        max_sequences=sequences,
        memory=memory,
        arguments=_arguments(
            name,
            settings,
            pool,
            # A quantised checkpoint says how; forcing bfloat16 on it would be refused.
            dtype="auto" if facts.weights_dtype in _QUANTIZED else "bfloat16",
            ranks=memory.ranks,
            sequences=sequences,
            shutdown_timeout_seconds=drain.shutdown_timeout_seconds,
        ),
        environment=_environment(pool, memory),
        resources=_resources(facts, pool, memory),
        drain=drain,
        load_deadline_seconds=_load_deadline_seconds(facts, pool),
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


def _arguments(
    name: str,
    settings: ModelSettings,
    pool: PoolPlan,
    *,
    dtype: str,
    ranks: int,
    sequences: int,
    shutdown_timeout_seconds: int,
) -> Sequence[str]:
    arguments = [
        settings.hugging_face_id,
        f"--revision={settings.revision}",
        f"--served-model-name={name}",
        f"--port={PORT}",
        f"--dtype={dtype}",
        f"--max-model-len={settings.context_length}",
        f"--max-num-seqs={sequences}",
        f"--tensor-parallel-size={ranks}",
    ]
    if pool.ami_variant == "neuron":
        # Prefix caching needs block KV options and is wrong for batches of one.
        return [*arguments, "--no-enable-prefix-caching"]
    return [
        *arguments,
        f"--shutdown-timeout={shutdown_timeout_seconds}",
        "--disable-access-log-for-endpoints=/health,/metrics",
    ]


def _environment(pool: PoolPlan, memory: MemoryBudget) -> Mapping[str, str]:
    environment = {
        # torch asks for the user's name to name a directory; the uid has no passwd entry.
        "USER": "vllm",
        "HOME": CACHE_PATH,
        "XDG_CACHE_HOME": f"{CACHE_PATH}/xdg",
        "TORCHINDUCTOR_CACHE_DIR": f"{CACHE_PATH}/inductor",
        "TRITON_CACHE_DIR": f"{CACHE_PATH}/triton",
        "HF_HOME": f"{CACHE_PATH}/huggingface",
        "VLLM_CACHE_ROOT": f"{CACHE_PATH}/vllm",
        "VLLM_NO_USAGE_STATS": "1",
        # Above the idle time-out of whatever stands in front, so that it closes first.
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": "75",
    }
    if pool.ami_variant == "standard":
        environment["VLLM_CPU_KVCACHE_SPACE"] = str(int(memory.kv_gib))
        environment["VLLM_CPU_OMP_THREADS_BIND"] = "auto"
    if pool.ami_variant == "neuron":
        environment["NEURON_COMPILE_CACHE_URL"] = f"{CACHE_PATH}/neuron"
    return environment


def _resources(facts: ModelFacts, pool: PoolPlan, memory: MemoryBudget) -> PodResources:
    weights_gib = facts.weights_bytes / 2**30
    return PodResources(
        millicpu=pool.size.for_models_millicpu // 1000 * 1000,
        memory_mib=pool.size.for_models_mib,
        # Weights on the cache volume, what the Hub client writes beside them, and logs.
        ephemeral_gib=round(1.1 * weights_gib) + 10,
        # Tensor-parallel ranks talk through /dev/shm; 64 MiB is the container default.
        shared_memory_mib=2048 if memory.ranks > 1 else 64,
        devices=pool.resources,
    )


def _load_deadline_seconds(facts: ModelFacts, pool: PoolPlan) -> int:
    """How long a start may take before the kubelet gives up on it.

    Weights from the Hub at 100 MB/s, a tenth of what an instance below 32 vCPU gets through
    an internet gateway, plus five minutes of engine start; Neuron compiles for about a minute
    per gigabyte on top. Generous on purpose: a probe must not kill a load that makes progress.
    """
    seconds = 300 + facts.weights_bytes / 1e8
    if pool.ami_variant == "neuron":
        seconds += facts.weights_bytes / 1e9 * 90
    return int(seconds // 60 + 1) * 60
