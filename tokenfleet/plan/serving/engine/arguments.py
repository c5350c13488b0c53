"""What follows ``vllm serve``: each flag with its value, and the reason for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.serving.drain import DrainPlan
from tokenfleet.plan.serving.engine.chat_template import ChatTemplatePlan
from tokenfleet.plan.serving.engine.eager import why_eager
from tokenfleet.plan.serving.engine.process import MODELS_PATH, PORT
from tokenfleet.plan.serving.engine.speculation import SpeculationPlan
from tokenfleet.plan.serving.limits.admission import BOUND_FLAG, AdmissionPlan
from tokenfleet.plan.serving.limits.batch import BatchPlan
from tokenfleet.plan.serving.limits.server import Server
from tokenfleet.settings.models import ModelSettings
from tokenfleet.task import Task
from tokenfleet.weights.layout import files_folder, snapshot_of

# A 16-bit type for checkpoints that leave the choice; a quantised one says itself what it is.
_SIXTEEN_BITS = frozenset({"bfloat16", "float16"})
# ASGI middleware in the folder of scripts (userdata/engine_front.py, accepted_keys.py).
_FRONT, _KEYS = "engine_front.EngineFront", "accepted_keys.AcceptedKeys"
# Beside them (userdata/compiled_code.py).
_EXTENSION = "compiled_code.CompiledCode"


@dataclass(frozen=True, kw_only=True)
class Argument:
    """A flag; ``values`` is empty for a switch, ``reason`` a sentence or less."""

    flag: str
    values: Sequence[str] = ()
    reason: str

    @property
    def words(self) -> Sequence[str]:
        """As words of a command."""
        match self.values:
            case []:
                return [f"--{self.flag}"]
            case [value]:
                return [f"--{self.flag}={value}"] if self.flag else [value]
            case _:
                return [f"--{self.flag}", *self.values]


@dataclass(frozen=True, kw_only=True)
class Served:
    """A model on its hardware: what the arguments are derived from; ``name`` is what clients call it."""

    name: str
    settings: ModelSettings
    task: Task
    pool: PoolPlan
    server: Server
    batch: BatchPlan
    admission: AdmissionPlan
    drain: DrainPlan
    speculation: SpeculationPlan | None
    chat_template: ChatTemplatePlan | None


def engine_arguments(served: Served) -> Sequence[Argument]:
    """All arguments of a replica, first the folder of the weights; the user's own come last."""
    settings = served.settings
    own = [
        Argument(
            flag=name,
            values=[] if value is True else [str(value)],
            reason="engineArguments in the stack file",
        )
        for name, value in sorted(settings.engine_arguments.items())
    ]
    given = {argument.flag.removeprefix("no-") for argument in own}
    planned = [a for a in _planned(served) if a.flag.removeprefix("no-") not in given]
    return [*planned, *own]


def _planned(served: Served) -> Iterator[Argument]:
    settings, facts = served.settings, served.server.facts
    weights = snapshot_of(settings.hugging_face_id, settings.revision)
    yield Argument(
        flag="",
        values=[files_folder(MODELS_PATH, weights)],
        reason="the revision as the loader left it in the node's cache",
    )
    yield Argument(flag="served-model-name", values=[served.name], reason="what clients ask for")
    yield Argument(flag="port", values=[str(PORT)], reason="what probes and the Service look at")
    # The last one is the outermost: the front still sees the key to metrics.
    yield Argument(
        flag="middleware",
        values=[_KEYS],
        reason="keys are files, and two count while one is changed",
    )
    yield Argument(
        flag="middleware",
        values=[_FRONT],
        reason="closes routes that the API key does not guard, and a connection after each answer",
    )
    quantized = facts.weights_dtype not in _SIXTEEN_BITS
    yield Argument(
        flag="dtype",
        values=["auto" if quantized else "bfloat16"],
        reason=f"the checkpoint is {facts.weights_dtype} and says so itself"
        if quantized
        else f"weights are {facts.weights_dtype}, and {served.pool.hardware} computes in bfloat16",
    )
    yield Argument(
        flag="max-model-len", values=[str(settings.context_length)], reason="contextLength"
    )
    yield Argument(
        flag="max-num-seqs",
        values=[str(served.batch.sequences)],
        reason=served.batch.sequences_reason,
    )
    yield Argument(
        flag="tensor-parallel-size", values=[str(served.server.memory.ranks)], reason=_ranks(served)
    )
    if served.chat_template:
        yield Argument(
            flag="chat-template", values=[served.chat_template.path], reason="chatTemplate"
        )
    if served.pool.ami_variant == "neuron":
        yield Argument(
            flag="no-enable-prefix-caching",
            reason="needs block KV options here and is wrong for batches of one",
        )
        return
    yield from _current(served)


def _current(served: Served) -> Iterator[Argument]:
    """What only a current vLLM knows."""
    settings, drain, batch = served.settings, served.drain, served.batch
    admission = served.admission
    yield Argument(
        flag="max-num-batched-tokens",
        values=[str(batch.prompt_tokens)],
        reason=batch.prompt_tokens_reason,
    )
    if admission.engine_holds:
        yield Argument(
            flag=BOUND_FLAG,
            values=[str(admission.bound)],
            reason=f"{admission.slots} run at once, {admission.queue} more are let in: beyond both"
            " it refuses with 503",
        )
    if served.task != "generate":
        yield Argument(flag="runner", values=["pooling"], reason=_does(served))
    else:
        yield Argument(
            flag="enable-prefix-caching", reason="requests that begin alike share their KV cache"
        )
    yield Argument(
        flag="kv-cache-dtype",
        values=[settings.kv_cache_dtype],
        reason="kvCacheDtype, 8 bits a value"
        if settings.kv_cache_dtype == "fp8"
        else "kvCacheDtype, 16 bits a value",
    )
    if served.pool.ami_variant == "nvidia":
        yield Argument(
            flag="gpu-memory-utilization",
            values=[str(served.server.engine.usable_device_fraction)],
            reason="the share of GPU memory that the budget counts on",
        )
    elif why_eager(settings, served.pool) is None:
        yield Argument(
            flag="worker-extension-cls",
            values=[_EXTENSION],
            reason="without it vLLM finds compiled code on a CPU and compiles again",
        )
    yield Argument(
        flag="shutdown-timeout",
        values=[str(drain.shutdown_timeout_seconds)],
        reason="after SIGTERM, requests may finish so long; without it they are cut off",
    )
    yield Argument(
        flag="disable-access-log-for-endpoints",
        values=["/health,/metrics"],
        reason="probes and scrapes would fill the log",
    )
    if speculation := served.speculation:
        yield Argument(
            flag="speculative-config",
            values=[speculation.config],
            reason=f"speculative: {speculation.tokens} tokens a step by {speculation.method}",
        )
    if settings.adapters:
        yield from _adapters(settings)


def _adapters(settings: ModelSettings) -> Iterator[Argument]:
    ranks = [adapter.rank for adapter in settings.adapters.values()]
    yield Argument(flag="enable-lora", reason="the model has adapters")
    yield Argument(
        flag="max-loras", values=[str(len(ranks))], reason="all adapters may be in one batch"
    )
    yield Argument(flag="max-lora-rank", values=[str(max(ranks))], reason="the largest rank")
    modules = [
        f"{name}={files_folder(MODELS_PATH, snapshot_of(adapter.hugging_face_id, adapter.revision))}"
        for name, adapter in sorted(settings.adapters.items())
    ]
    yield Argument(
        flag="lora-modules", values=modules, reason="adapters, by the name clients ask for"
    )


def _does(served: Served) -> str:
    said = "task" if served.settings.task else "what its files say"
    return f"{said}: {served.task}, whose answers are numbers"


def _ranks(served: Served) -> str:
    count, heads = served.server.memory.ranks, served.server.facts.attention_heads
    if served.settings.tensor_parallel_size:
        return "tensorParallelSize"
    what = {"standard": "NUMA node", "nvidia": "GPU", "neuron": "NeuronCore"}
    noun = what[served.pool.ami_variant]
    if count == 1:
        return f"one {noun}"
    return f"the {noun}s of {served.server.kind.instance_type} that {heads} attention heads divide over"
