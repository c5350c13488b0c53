"""Settings + catalogue -> Plan: every decision of a stack, printable, before anything exists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.plan.addons import AddonsPlan, plan_addons
from tokenfleet.plan.capacity.access import access_to_models, capacity_account
from tokenfleet.plan.capacity.installation import CapacityPlan, plan_capacity
from tokenfleet.plan.cluster import ClusterPlan, plan_cluster
from tokenfleet.plan.edge.plan import EdgePlan, plan_edge
from tokenfleet.plan.iam import AUTOSCALER, COMPILER, MODEL_READER
from tokenfleet.plan.image_cache import ImageCachePlan, plan_image_caches
from tokenfleet.plan.manifests.compile_job import compile_job
from tokenfleet.plan.manifests.serving import ServingPlan, plan_serving
from tokenfleet.plan.model_store import ModelStorePlan, plan_model_store
from tokenfleet.plan.network import NetworkPlan, plan_network
from tokenfleet.plan.nodes.groups import (
    SYSTEM_POOL,
    NodeGroupPlan,
    plan_node_groups,
    plan_system_group,
)
from tokenfleet.plan.nodes.pools import PoolPlan, plan_pool
from tokenfleet.plan.partition import partition_of
from tokenfleet.plan.prices import stack_prices
from tokenfleet.plan.pulls import Pull, given_digests, plan_pulls
from tokenfleet.plan.scaling.installation import ScalingPlan, plan_scaling_of
from tokenfleet.plan.serving.arrival import pool_fetches
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.serving.planning import plan_model
from tokenfleet.plan.serving.warming import pool_warming
from tokenfleet.plan.start.fetches import Fetch, controller_fetches
from tokenfleet.project import PROJECT
from tokenfleet.settings.sections import Settings


@dataclass(frozen=True, kw_only=True)
class BudgetPlan:
    """A monthly budget of the stack in US dollars, alerted at 80 % actual and 100 % forecast."""

    stack: str
    monthly_usd: float
    alert_emails: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every decision of one stack. Same settings, same plan."""

    stack: str
    name: str
    region: str
    account: str | None
    partition: str
    tags: Mapping[str, str]
    network: NetworkPlan
    images: Sequence[ImageCachePlan]
    """The cache of engine images: one, or none where nodes pull from public registries."""
    cluster: ClusterPlan
    pools: Sequence[PoolPlan]
    node_groups_by_pool: Mapping[str, Sequence[NodeGroupPlan]]
    """The groups of every pool, and those of the system nodes."""
    fetches_by_pool: Mapping[str, Sequence[Fetch]]
    """What a new node of each fetches, and by which way."""
    model_store: ModelStorePlan
    addons: AddonsPlan
    capacity: Sequence[CapacityPlan]
    """The capacity controller: one, or none where no pool has a spot tier."""
    models: Sequence[ModelPlan]
    edge: EdgePlan
    serving: ServingPlan
    scaling: Sequence[ScalingPlan]
    """What makes replicas follow the load: one, or none where their number is fixed."""
    budgets: Sequence[BudgetPlan]
    pulls: Sequence[Pull]
    """Every image and chart, and the digests that hold them."""
    prices: Prices
    """Of the region, those that the stack file gives before those of the catalogue."""


def build(
    settings: Settings,
    facts_by_model: Mapping[str, ModelFacts],
    stack: str,
    project: str,
    *,
    templates: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Decide a stack of a project; ``facts_by_model`` by the model's name in the settings.

    ``templates`` are the texts of chat templates by that name, where a model has one of its own.
    Pure but for the packaged data and templates it reads. The settings must have passed
    ``plan.checks``.
    """
    name = f"{project}-{stack}"
    tags = {**settings.cost.tags, f"{PROJECT}:project": project, f"{PROJECT}:stack": stack}
    zones = sorted(settings.network.zones)
    version, digests = settings.cluster.kubernetes_version, given_digests(settings)
    pools = [
        plan_pool(
            pool_name,
            pool,
            [facts_by_model[m] for m, model in settings.models.items() if model.pool == pool_name],
        )
        for pool_name, pool in sorted(settings.pools.items())
    ]
    pools_by_name = {pool.name: pool for pool in pools}
    images = plan_image_caches(
        settings.cluster.image_cache,
        [engines()[pool.engine].image for pool in pools],
        account=settings.account,
        region=settings.region,
        stack=stack,
    )
    models = [
        plan_model(
            model_name,
            model,
            facts_by_model[model_name],
            pools_by_name[model.pool],
            place=f"{name} in {settings.region}",
            cache=next(iter(images), None),
            digests=digests,
            chat_template=templates.get(model_name),
        )
        for model_name, model in sorted(settings.models.items())
    ]
    image_by_pool = {model.pool: model.image for model in models}
    system = settings.cluster.system_nodes
    system_nodes = plan_system_group(
        cluster_name=name,
        kubernetes_version=version,
        architecture=instance_type(system.instance_type).architecture,
        instance_type=system.instance_type,
        image_id=system.image_id,
        count=system.count,
        zones=zones,
        tags=tags,
    )
    groups_by_pool = {SYSTEM_POOL: [system_nodes]} | {
        pool.name: plan_node_groups(
            pool,
            cluster_name=name,
            kubernetes_version=version,
            zones=zones,
            tags=tags,
            image=image_by_pool[pool.name],
            snapshots=_snapshots(models, pool.name),
            warming=pool_warming(models, pool),
        )
        for pool in pools
    }
    partition = partition_of(settings.region)
    spot = any(pool.has_spot for pool in pools)
    scaling = plan_scaling_of(models, digests, capacity=spot)
    compile_jobs = {
        model.name: compile_job(model, pools_by_name[model.pool])
        for model in models
        if model.artifacts or model.compiled
    }
    return Plan(
        stack=stack,
        name=name,
        region=settings.region,
        account=settings.account,
        partition=partition,
        tags=tags,
        network=plan_network(
            settings.network,
            region=settings.region,
            cluster_name=name,
            log_retention_days=settings.observability.log_retention_days,
        ),
        images=images,
        cluster=plan_cluster(
            settings.cluster,
            settings.observability,
            name=name,
            region=settings.region,
            partition=partition,
            zones=settings.network.zones,
            identities=[
                AUTOSCALER,
                MODEL_READER,
                *([COMPILER] if compile_jobs else []),
                *([capacity_account(groups_by_pool)] if spot else []),
            ],
        ),
        pools=pools,
        node_groups_by_pool=groups_by_pool,
        fetches_by_pool={SYSTEM_POOL: controller_fetches(spot=spot, scaling=bool(scaling))}
        | {pool.name: pool_fetches(models, pool) for pool in pools},
        model_store=plan_model_store(settings.region, keep=settings.cluster.deletion_protection),
        addons=plan_addons(
            name,
            version,
            settings.region,
            pools,
            image_by_pool=image_by_pool,
            node_provision_seconds=max(model.deadlines.provision_seconds for model in models),
            digests=digests,
            scaling=bool(scaling),
        ),
        capacity=plan_capacity(settings.region, pools, groups_by_pool, models, digests=digests),
        models=models,
        edge=plan_edge(settings.edge, models, node_range=settings.network.cidr, digests=digests),
        serving=plan_serving(
            name,
            models,
            pools_by_name,
            compile_jobs,
            beside=access_to_models() if spot else [],
        ),
        scaling=scaling,
        budgets=[
            BudgetPlan(stack=stack, monthly_usd=usd, alert_emails=settings.cost.alert_emails)
            for usd in (settings.cost.monthly_budget_usd,)
            if usd is not None
        ],
        pulls=plan_pulls(
            version,
            [pool.hardware for pool in pools],
            digests,
            spot=spot,
            scaling=bool(scaling),
        ),
        prices=stack_prices(settings.region, settings.cost.prices),
    )


def _snapshots(models: Sequence[ModelPlan], pool: str) -> Sequence[str]:
    """What the nodes of a pool fetch at boot: for what may have most replicas first.

    Compiled code that the engine starts without is left to the replica: it is small, and changes
    with a flag, which would renew the launch templates.
    """
    served = [model for model in models if model.pool == pool]
    served.sort(key=lambda model: (-model.max_replicas, model.name))
    return list(dict.fromkeys(snapshot for model in served for snapshot in model.snapshots))
