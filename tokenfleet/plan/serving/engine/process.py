"""The engine's process: command, environment, and what it loads besides weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.machines.hardware import Engine
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.serving.memory import MemoryBudget
from tokenfleet.weights.layout import files_folder, ready_file

PORT = 8000
CACHE_PATH = "/cache"
COMPILED_PATH = f"{CACHE_PATH}/compiled"
"""Where the engine keeps what it compiles, and finds what was compiled before."""
COMPILED_STATE = f"{CACHE_PATH}/compiled-state"
"""One word on that: what became of the published set (``userdata/load-compiled``)."""
MODELS_PATH = "/models"
"""Where a container sees the cache of its node."""
SCRIPTS_PATH = "/scripts"
"""Where it sees the scripts of its probes and hooks."""
KEYS_PATH = "/keys"
"""Where it sees the keys that clients may send."""
_WORKING_PATH = "/tmp"  # noqa: S108 - a path in the container
_SERVE = ("vllm", "serve")


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable of the engine's environment, or what else it starts with; and the reason for it."""

    name: str
    value: str
    reason: str


def engine_command(snapshots: Sequence[str], kill_after_seconds: int) -> Sequence[str]:
    """The engine, holding its snapshots and ended in time.

    A lock on each snapshot keeps loaders from removing what is in use. ``timeout`` passes
    SIGTERM on and kills the engine so many seconds later: vLLM ignores SIGTERM while it loads,
    and waits without limit for the client of a request it gave up. The command is named
    because the images' entrypoints differ, and Neuron's does not pass SIGTERM on.
    """
    in_time = ["timeout", "--foreground", f"--kill-after={kill_after_seconds}", "0"]
    return [*_locks(snapshots), *in_time, *_SERVE]


def compile_command(snapshots: Sequence[str]) -> Sequence[str]:
    """The engine, holding the snapshots it compiles for; who starts it ends it."""
    return [*_locks(snapshots), *_SERVE]


def _locks(snapshots: Sequence[str]) -> Iterator[str]:
    for snapshot in snapshots:
        yield from ("flock", "--shared", "--no-fork", ready_file(MODELS_PATH, snapshot))


def working_directory(engine: Engine) -> Variable | None:
    """Where the engine starts, if not where its image says."""
    if engine.sdk is None:
        return None
    reason = "the compiler writes logs into it, and that of the image is on the read-only root"
    return Variable(name="working directory", value=_WORKING_PATH, reason=reason)


def engine_environment(
    pool: PoolPlan, memory: MemoryBudget, artifacts: Sequence[str]
) -> Sequence[Variable]:
    """What the engine reads from its environment; everything it writes goes to CACHE_PATH."""
    writable = "the root file system is read-only"
    pairs = [
        ("USER", "vllm", "torch names a folder after the user, and the uid has no passwd entry"),
        ("HOME", CACHE_PATH, writable),
        ("XDG_CACHE_HOME", f"{CACHE_PATH}/xdg", writable),
        ("TORCHINDUCTOR_CACHE_DIR", f"{COMPILED_PATH}/inductor", writable),
        ("TRITON_CACHE_DIR", f"{COMPILED_PATH}/triton", writable),
        ("HF_HOME", f"{CACHE_PATH}/huggingface", writable),
        ("HF_HUB_OFFLINE", "1", "all is on the node: a call to the Hub is a way to fail"),
        ("VLLM_CACHE_ROOT", f"{COMPILED_PATH}/vllm", writable),
        ("VLLM_NO_USAGE_STATS", "1", "nothing is reported to anybody"),
        ("PYTHONPATH", SCRIPTS_PATH, "where the middleware is"),
        (
            "API_KEYS",
            KEYS_PATH,
            "keys that clients may send: a changed one counts without a restart",
        ),
    ]
    if pool.ami_variant == "standard":
        pairs += [
            (
                "VLLM_CPU_KVCACHE_SPACE",
                str(int(memory.kv_gib)),
                "GiB for each rank: what the budget leaves; unset, vLLM takes 92 % of the memory",
            ),
            (
                "VLLM_CPU_OMP_THREADS_BIND",
                "auto",
                "each rank on the cores of its NUMA node: the replica owns the node",
            ),
        ]
    if pool.ami_variant != "neuron":
        # vLLM's images are built by uv, which compiles none (docker/Dockerfile and Dockerfile.cpu of
        # vllm-project/vllm); Neuron's holds its own, which this would hide.
        pairs += [
            (
                "PYTHONPYCACHEPREFIX",
                f"{COMPILED_PATH}/python",
                "the image holds no byte-compiled Python: every process would compile it anew",
            ),
        ]
    else:
        pairs += [
            (
                "NEURON_COMPILE_CACHE_URL",
                f"{CACHE_PATH}/neuron",
                f"the compiler's own cache, by default in /var: {writable}",
            ),
        ]
    pairs += [
        (
            "NEURON_COMPILED_ARTIFACTS",
            files_folder(MODELS_PATH, snapshot),
            "published with the revision: a serving node never compiles",
        )
        for snapshot in artifacts
    ]
    return [Variable(name=n, value=v, reason=reason) for n, v, reason in pairs]
