"""How a model is served on its pool, decision by decision."""

from collections.abc import Mapping

from tokenfleet.catalogue.machines.hardware import hardware_by_name
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.plan.image_cache import ImageCachePlan
from tokenfleet.plan.nodes.pools import PoolPlan
from tokenfleet.plan.nodes.sizes import smallest
from tokenfleet.plan.pulls import with_digest
from tokenfleet.plan.scaling.policy import plan_scaling
from tokenfleet.plan.serving.drain import longest_request, plan_drain
from tokenfleet.plan.serving.engine.arguments import Served, engine_arguments
from tokenfleet.plan.serving.engine.chat_template import plan_chat_template
from tokenfleet.plan.serving.engine.compiled import artifacts_of, compiled_code_of
from tokenfleet.plan.serving.engine.eager import why_eager
from tokenfleet.plan.serving.engine.load_format import load_format_of
from tokenfleet.plan.serving.engine.process import (
    engine_command,
    engine_environment,
    working_directory,
)
from tokenfleet.plan.serving.engine.speculation import plan_speculation
from tokenfleet.plan.serving.limits.admission import plan_admission
from tokenfleet.plan.serving.limits.batch_choice import batch_of
from tokenfleet.plan.serving.limits.carried_load import carried_load
from tokenfleet.plan.serving.limits.looser import looser_objective
from tokenfleet.plan.serving.limits.server import server_on
from tokenfleet.plan.serving.memory import memory_use
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.serving.resources import plan_resources
from tokenfleet.plan.serving.warm_up import plan_warm_up
from tokenfleet.plan.start.choices import replica_starts
from tokenfleet.settings.models import ModelSettings
from tokenfleet.weights.layout import snapshot_of
from tokenfleet.weights.mark import mark_of


def plan_model(
    name: str,
    settings: ModelSettings,
    facts: ModelFacts,
    pool: PoolPlan,
    *,
    place: str,
    cache: ImageCachePlan | None,
    digests: Mapping[str, str],
    chat_template: str | None,
) -> ModelPlan:
    """Decide how a model is served on its pool.

    ``place`` is whose bucket it loads from; ``cache`` is where its image is pulled through;
    ``digests`` are the stack file's, by name; ``chat_template`` is the text of one of its own.

    Raises:
        CatalogueError: when the pool names an unknown instance type.
    """
    kind = smallest([instance_type(kind) for kind in pool.instance_types])
    server = server_on(facts, memory_use(settings), hardware_by_name()[pool.hardware], kind)
    engine, memory = server.engine, server.memory
    task = settings.task or facts.task
    batch = batch_of(settings, server)
    admission = plan_admission(settings, server, batch)
    longest = longest_request(settings, task, spot=pool.has_spot)
    drain = plan_drain(longest, engine_drains=engine.drains)
    weights = snapshot_of(settings.hugging_face_id, settings.revision)
    adapters = {
        adapter_name: snapshot_of(adapter.hugging_face_id, adapter.revision)
        for adapter_name, adapter in sorted(settings.adapters.items())
    }
    artifacts = artifacts_of(settings, engine, memory.ranks, batch.sequences)
    speculation = plan_speculation(settings, server, batch)
    drafts = [speculation.draft] if speculation and speculation.draft else []
    snapshots = list(dict.fromkeys([weights, *adapters.values(), *drafts, *artifacts]))
    pinned = with_digest(engine.image, digests)
    image = cache.reference(pinned) if cache else pinned
    load_format = load_format_of(settings)
    template = plan_chat_template(name, chat_template)
    served = Served(
        name=settings.served_as or name,
        settings=settings,
        task=task,
        pool=pool,
        server=server,
        batch=batch,
        admission=admission,
        drain=drain,
        speculation=speculation,
        chat_template=template,
    )
    arguments = engine_arguments(served)
    environment = engine_environment(pool, memory, artifacts)
    eager = why_eager(settings, pool)
    compiled = compiled_code_of(
        settings,
        engine,
        pool,
        ranks=memory.ranks,
        image=pinned,
        arguments=arguments,
        environment=environment,
    )
    starts = replica_starts(
        pool,
        facts,
        weights,
        precompiled=bool(artifacts or compiled or eager),
        may_compile=compiled is not None,
        image_cached=image != pinned,
        drain_seconds=drain.grace_seconds,
        request_seconds=longest.seconds,
    )
    start_seconds = starts.new.until_ready.expected
    return ModelPlan(
        name=name,
        served_as=settings.served_as or name,
        fallback=settings.fallback,
        hugging_face_id=settings.hugging_face_id,
        revision=settings.revision,
        facts=facts,
        task=task,
        snapshots=snapshots,
        adapters=adapters,
        artifacts=artifacts,
        compiled=compiled,
        eager=eager,
        load_format=load_format,
        mark=mark_of(place, snapshots, load_format),
        published=settings.published is not None,
        weights_gb=facts.weights_bytes / 1e9,
        pool=pool.name,
        engine=pool.engine,
        image=image,
        image_cached=image != pinned,
        legacy=engine.legacy,
        context_length=settings.context_length,
        batch=batch,
        admission=admission,
        scaling=plan_scaling(
            slots=admission.slots,
            start_seconds=start_seconds,
            least=settings.replicas.min,
            most=settings.replicas.max,
            carried=carried_load(settings, server, batch),
        ),
        memory=memory,
        command=engine_command(snapshots, drain.kill_after_seconds),
        arguments=arguments,
        environment=environment,
        working_directory=working_directory(engine),
        resources=plan_resources(pool, memory),
        drain=drain,
        warm_up=plan_warm_up(settings, facts, task),
        speculation=speculation,
        chat_template=template,
        cold_start=starts.new,
        warm_start=starts.warm,
        start_choices=starts.choices,
        notice=starts.notice,
        deadlines=starts.deadlines,
        min_replicas=settings.replicas.min,
        max_replicas=settings.replicas.max,
        objective=settings.objective,
        looser=looser_objective(settings, server, batch, start_seconds=start_seconds),
        traffic=settings.traffic,
    )
