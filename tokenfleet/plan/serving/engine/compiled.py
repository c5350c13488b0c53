"""Code that a Job compiles ahead of time: which models have some, and what it is good for."""

from collections.abc import Sequence

from tokenfleet.catalogue.machines.hardware import Engine
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.serving.engine.arguments import Argument
from tokenfleet.plan.serving.engine.eager import why_eager
from tokenfleet.plan.serving.engine.process import Variable
from tokenfleet.settings.models import ModelSettings
from tokenfleet.weights.compiled import (
    COMPILED,
    NEURON,
    artifact_key,
    code_key,
    compiled_snapshot,
)

# What vLLM leaves out of the name of its own cache (compute_hash in vllm/config and compile_factors in
# vllm/envs.py, 0.32.0), among what is planned: another value runs the same code.
_FLAGS_WITHOUT_EFFECT = frozenset(
    {
        "",  # the folder of the weights, which the name of the set begins with
        "served-model-name",
        "port",
        "middleware",
        "chat-template",
        "enable-prefix-caching",
        "gpu-memory-utilization",
        "max-num-queued-reqs",
        "shutdown-timeout",
        "disable-access-log-for-endpoints",
        "lora-modules",
    }
)
_VARIABLES_WITHOUT_EFFECT = frozenset({"VLLM_CPU_KVCACHE_SPACE"})


def artifacts_of(
    settings: ModelSettings, engine: Engine, ranks: int, sequences: int
) -> Sequence[str]:
    """The snapshots of compiled code that the engine does not start without: Neuron's."""
    if engine.sdk is None:
        return []
    key = artifact_key(engine.sdk, cores=ranks, batch=sequences, length=settings.context_length)
    return [compiled_snapshot(settings.hugging_face_id, settings.revision, NEURON, key)]


def compiled_code_of(
    settings: ModelSettings,
    engine: Engine,
    pool: PoolPlan,
    *,
    ranks: int,
    image: str,
    arguments: Sequence[Argument],
    environment: Sequence[Variable],
) -> str | None:
    """The snapshot of compiled code that the engine starts sooner with; None where there is none.

    ``image`` is the engine's, with its digest where that is known: the caches of another build are
    not asked for. What only a node knows is written down in the set (``userdata/load-compiled``).
    """
    if engine.sdk is not None or why_eager(settings, pool):
        return None
    words = [
        word
        for argument in arguments
        if argument.flag not in _FLAGS_WITHOUT_EFFECT
        for word in argument.words
    ]
    variables = [
        f"{variable.name}={variable.value}"
        for variable in environment
        if variable.name not in _VARIABLES_WITHOUT_EFFECT
    ]
    rest = [image, *sorted(words), *sorted(variables)]
    key = code_key(engine.version, pool.hardware, ranks=ranks, rest=rest)
    return compiled_snapshot(settings.hugging_face_id, settings.revision, COMPILED, key)
