"""The engine's process: command, arguments, environment."""

from collections.abc import Mapping, Sequence

from tokenfleet.catalogue.hardware import Engine
from tokenfleet.plan.memory import MemoryBudget
from tokenfleet.plan.pools import PoolPlan
from tokenfleet.settings.sections import ModelSettings
from tokenfleet.weights.layout import files_folder, ready_file
from tokenfleet.weights.neuron import artifact_key, neuron_snapshot

PORT = 8000
CACHE_PATH = "/cache"
MODELS_PATH = "/models"
"""Where a container sees the cache of its node."""


def engine_command(snapshots: Sequence[str]) -> Sequence[str]:
    """The engine, holding a lock on each snapshot: no loader removes what is in use.

    Named here because the images' entrypoints differ, and Neuron's does not pass SIGTERM on.
    """
    locks = [
        word
        for snapshot in snapshots
        for word in ("flock", "--shared", "--no-fork", ready_file(MODELS_PATH, snapshot))
    ]
    return [*locks, "vllm", "serve"]


def artifacts_of(
    settings: ModelSettings, engine: Engine, ranks: int, sequences: int
) -> Sequence[str]:
    """The snapshots of compiled code that the engine loads beside the weights."""
    if engine.sdk is None:
        return []
    key = artifact_key(engine.sdk, cores=ranks, batch=sequences, length=settings.context_length)
    return [neuron_snapshot(settings.hugging_face_id, settings.revision, key)]


def engine_arguments(
    name: str,
    settings: ModelSettings,
    pool: PoolPlan,
    *,
    weights: str,
    dtype: str,
    ranks: int,
    sequences: int,
    shutdown_timeout_seconds: int,
) -> Sequence[str]:
    """What follows ``vllm serve``; ``weights`` is a folder in the container."""
    arguments = [
        weights,
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


def engine_environment(
    pool: PoolPlan, memory: MemoryBudget, artifacts: Sequence[str]
) -> Mapping[str, str]:
    """What the engine reads from its environment; everything it writes goes to CACHE_PATH."""
    environment = {
        # torch asks for the user's name to name a directory; the uid has no passwd entry.
        "USER": "vllm",
        "HOME": CACHE_PATH,
        "XDG_CACHE_HOME": f"{CACHE_PATH}/xdg",
        "TORCHINDUCTOR_CACHE_DIR": f"{CACHE_PATH}/inductor",
        "TRITON_CACHE_DIR": f"{CACHE_PATH}/triton",
        "HF_HOME": f"{CACHE_PATH}/huggingface",
        # All that is needed is on the node: a call to the Hub would only be a way to fail.
        "HF_HUB_OFFLINE": "1",
        "VLLM_CACHE_ROOT": f"{CACHE_PATH}/vllm",
        "VLLM_NO_USAGE_STATS": "1",
        # Above the idle time-out of whatever stands in front, so that it closes first.
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": "75",
    }
    if pool.ami_variant == "standard":
        environment["VLLM_CPU_KVCACHE_SPACE"] = str(int(memory.kv_gib))
        environment["VLLM_CPU_OMP_THREADS_BIND"] = "auto"
    for snapshot in artifacts:
        environment["NEURON_COMPILED_ARTIFACTS"] = files_folder(MODELS_PATH, snapshot)
    return environment
