"""What a model asks of its engine: parallelism, KV cache, adapters, flags, time to end."""

from collections.abc import Iterator

from tokenfleet.catalogue.machines.flags import engine_flags
from tokenfleet.catalogue.machines.hardware import Engine, hardware_by_name
from tokenfleet.catalogue.machines.instances import InstanceType
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.plan.checks.served.formats import format_mistakes
from tokenfleet.plan.checks.served.outside import outside_problem
from tokenfleet.plan.checks.served.own_code import own_code_mistakes
from tokenfleet.plan.checks.served.speculation import drafting_mistakes
from tokenfleet.plan.checks.served.tasks import task_mistakes
from tokenfleet.plan.nodes.pools import engine_of, hardware_of
from tokenfleet.plan.serving.drain import LONGEST_ON_SPOT_SECONDS
from tokenfleet.plan.serving.engine.managed import MANAGED
from tokenfleet.plan.serving.limits.admission import BOUND_FLAG
from tokenfleet.plan.serving.memory import devices_of
from tokenfleet.settings.models import ModelSettings
from tokenfleet.settings.sections import PoolSettings


def engine_mistakes(
    path: str, model: ModelSettings, facts: ModelFacts, pool: PoolSettings, kind: InstanceType
) -> Iterator[Mistake]:
    """What the pool's engine cannot do for a model; ``kind`` is the pool's smallest type."""
    yield from task_mistakes(path, model, facts, engine_of(pool))
    yield from own_code_mistakes(path, model, facts)
    yield from _parallelism(path, model, facts, kind)
    yield from _kv_cache(path, model, pool)
    yield from _adapters(path, model, facts, engine_of(pool))
    yield from drafting_mistakes(path, model, facts, engine_of(pool))
    yield from _flags(path, model, engine_of(pool))
    yield from format_mistakes(path, model)


def drain_mistakes(path: str, model: ModelSettings, pool: PoolSettings) -> Iterator[Mistake]:
    """Requests that would not end inside a spot notice."""
    seconds = model.longest_request_seconds
    if "spot" in pool.tiers and seconds is not None and seconds > LONGEST_ON_SPOT_SECONDS:
        yield Mistake(
            path=f"{path}.longestRequestSeconds",
            value=str(seconds),
            problem=(
                f"a spot notice leaves {LONGEST_ON_SPOT_SECONDS} s to a request:"
                f" lower it, or serve this model from a pool without a spot tier"
            ),
        )


def _parallelism(
    path: str, model: ModelSettings, facts: ModelFacts, kind: InstanceType
) -> Iterator[Mistake]:
    size, devices = model.tensor_parallel_size, devices_of(kind)
    if size is None:
        return
    noun = kind.accelerator.name if kind.accelerator else "NUMA node"
    problem = None
    if devices % size:
        problem = f"does not divide the {devices} x {noun} of {kind.instance_type}"
    elif not facts.takes_ranks(size):
        problem = f"does not divide {facts.what_ranks_divide}"
    if problem:
        both = [str(n) for n in range(1, devices + 1) if devices % n == 0 and facts.takes_ranks(n)]
        yield Mistake(
            path=f"{path}.tensorParallelSize",
            value=str(size),
            problem=f"{problem}: use {' or '.join(both)}, or leave it out",
        )


def _kv_cache(path: str, model: ModelSettings, pool: PoolSettings) -> Iterator[Mistake]:
    hardware = hardware_of(pool)
    if model.kv_cache_dtype == "fp8" and not hardware.fp8_kv_cache:
        able = sorted(name for name, row in hardware_by_name().items() if row.fp8_kv_cache)
        yield Mistake(
            path=f"{path}.kvCacheDtype",
            value=model.kv_cache_dtype,
            problem=(
                f"{hardware.title} has no 8-bit KV cache in this engine: use auto, or hardware that"
                f" has: {', '.join(able)}"
            ),
        )


def _adapters(
    path: str, model: ModelSettings, facts: ModelFacts, engine: Engine
) -> Iterator[Mistake]:
    if not model.adapters:
        return
    problem = None
    if not engine.adapters:
        problem = f"vLLM {engine.version} as pinned for this pool serves no LoRA adapters here"
    elif facts.mixture_of_experts:
        problem = "the memory of adapters on a mixture of experts cannot be sized yet"
    if problem:
        yield Mistake(
            path=f"{path}.adapters",
            value=", ".join(sorted(model.adapters)),
            problem=f"{problem}: serve the merged weights as a model of their own",
        )


def _flags(path: str, model: ModelSettings, engine: Engine) -> Iterator[Mistake]:
    known = engine_flags(engine.version)
    for name, value in model.engine_arguments.items():
        here = f"{path}.engineArguments.{name}"
        plain_name = name.removeprefix("no-")
        if plain_name in MANAGED:
            problem = f"is set by the plan; to change it, change {MANAGED[plain_name]}"
        elif name not in known:
            problem = f"vLLM {engine.version} has no such flag.{nearest(name, known)}"
        elif known[name] == "switch" and value is not True:
            other = f"no-{name}"
            way = f"use {other}: true to turn it off" if other in known else "leave it out"
            problem = f"is a switch: give true, or {way}"
        elif known[name] == "value" and isinstance(value, bool):
            problem = "takes a value: give one"
        elif outside := outside_problem(name, value):
            problem = outside
        elif name == BOUND_FLAG and not _is_count(value):
            problem = "how many requests a replica takes in at most: give a whole number from 1"
        else:
            continue
        yield Mistake(path=here, value=str(value), problem=problem)


def _is_count(value: object) -> bool:
    return (
        isinstance(value, int | str)
        and str(value).isascii()
        and str(value).isdigit()
        and int(value) > 0
    )
