"""Models: a pool that exists, lengths that agree, and memory that suffices."""

from collections.abc import Iterator

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.machines.hardware import hardware_by_name
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.mistakes import Mistake
from tokenfleet.plan.checks.served.engine import drain_mistakes, engine_mistakes
from tokenfleet.plan.checks.served.speculation import load_mistakes
from tokenfleet.plan.checks.served.steps import step_mistakes
from tokenfleet.plan.nodes.pools import hardware_of
from tokenfleet.plan.nodes.sizes import smallest
from tokenfleet.plan.serving.limits.server import server_on
from tokenfleet.plan.serving.memory import memory_use, smallest_that_fits
from tokenfleet.settings.draft import Draft
from tokenfleet.settings.models import ModelSettings
from tokenfleet.settings.sections import PoolSettings


def model_mistakes(
    name: str, model: ModelSettings, facts: ModelFacts | CatalogueError, draft: Draft
) -> Iterator[Mistake]:
    """What is wrong with one model; ``facts`` are what is known of it, or why nothing is."""
    path = f"models.{name}"
    if model.traffic:
        tokens = model.traffic.input_tokens + model.traffic.output_tokens
        if tokens > model.context_length:
            yield Mistake(
                path=f"{path}.traffic",
                value=str(tokens),
                problem=(
                    f"inputTokens{' + outputTokens' if model.traffic.output_tokens else ''} do not"
                    f" fit contextLength {model.context_length}:"
                    " raise it or shorten the requests"
                ),
            )
    if isinstance(facts, CatalogueError):
        key = "configJson" if model.config_json else "huggingFaceId"
        value = model.config_json or model.hugging_face_id
        yield Mistake(path=f"{path}.{key}", value=value, problem=str(facts))
        return
    if model.context_length > facts.context_length:
        yield Mistake(
            path=f"{path}.contextLength",
            value=str(model.context_length),
            problem=f"the model was trained for {facts.context_length} tokens at most: lower it",
        )
    pool = draft.pools.get(model.pool)
    if pool:
        yield from _on_pool(path, model, facts, pool, draft.region)
        yield from drain_mistakes(path, model, pool)


def _on_pool(
    path: str, model: ModelSettings, facts: ModelFacts, pool: PoolSettings, region: str | None
) -> Iterator[Mistake]:
    hardware = hardware_of(pool)
    most = sum(tier.max for tier in pool.tiers.values())
    if model.replicas.max > most:
        yield Mistake(
            path=f"{path}.replicas.max",
            value=str(model.replicas.max),
            problem=(
                f"a replica takes a whole node and the tiers of pool {model.pool} have {most} at"
                " most: raise their max or lower this"
            ),
        )
    if refusal := hardware.refusal(facts):
        runs = sorted(name for name, row in hardware_by_name().items() if not row.refusal(facts))
        yield Mistake(
            path=f"{path}.pool",
            value=model.pool,
            problem=(
                f"{hardware.title} {refusal}. Hardware that does:"
                f" {', '.join(runs) or 'none of the catalogue'}"
            ),
        )
        return
    try:
        kinds = [instance_type(name) for name in pool.instance_types]
    except CatalogueError:
        return  # reported at the pool
    kind = smallest(kinds)
    if not hardware.runs_on(kind):
        return  # reported at the pool
    if mistakes := list(engine_mistakes(path, model, facts, pool, kind)):
        yield from mistakes
        return
    server = server_on(facts, memory_use(model), hardware, kind)
    if server.memory.fits:
        yield from step_mistakes(path, model, server)
        yield from load_mistakes(path, model, server)
        return
    bigger = smallest_that_fits(
        facts,
        memory_use(model),
        hardware=hardware,
        engine=server.engine,
        region=region or "",
        families=[k.family for k in kinds],
    )
    way_out = (
        f"the smallest type that fits is {bigger.instance_type}"
        if bigger
        else f"no {hardware.title} instance offered in {region} fits it on one node: choose other"
        " hardware, a smaller or quantised model, or a shorter contextLength"
        + (", or leave tensorParallelSize out" if model.tensor_parallel_size else "")
    )
    yield Mistake(
        path=f"{path}.pool",
        value=model.pool,
        problem=(f"does not fit {kind.instance_type}: {server.memory.arithmetic()}; {way_out}"),
    )
