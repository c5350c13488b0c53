"""What a stack costs besides the nodes that serve: control plane, network, storage, logs."""

from collections.abc import Iterator

from tokenfleet.catalogue.cold_start import cold_start_facts
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.catalogue.places.services import ServiceName, service_prices
from tokenfleet.economics.bill.lines import MONTH, BillLine, service_line
from tokenfleet.economics.bill.node_price import disks_of
from tokenfleet.economics.bill.scenario import Usage
from tokenfleet.economics.bill.volumes import VOLUME_PRICES
from tokenfleet.plan.nodes.disks import WITH_ARTIFACTS
from tokenfleet.plan.nodes.groups import SYSTEM_POOL, NodeGroupPlan
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan

_BYTES_PER_GIB = 2**30
_HOURS_PER_DAY = 24
_ARTIFACTS = WITH_ARTIFACTS - 1
"""Bytes of compiled artifacts, at most, over those of the weights."""


def shared_lines(plan: Plan) -> Iterator[BillLine]:
    """What is there before the first node that serves."""
    network = plan.network
    nat, zones = len(network.nat_zones), len(network.private_subnets)
    yield _service(plan, "eksControlPlane", 1)
    yield _service(plan, "natGateway", nat)
    # A public load balancer has an address in every zone.
    yield _service(plan, "publicIpv4", nat + (zones if plan.edge.exposure == "public" else 0))
    yield _service(plan, "kmsKey", 1, MONTH)
    if network.interface_endpoints:
        yield _service(plan, "interfaceEndpoint", len(network.interface_endpoints) * zones)
    if plan.edge.has_load_balancer:
        yield _service(plan, "networkLoadBalancer", 1)
    yield _service(plan, "s3Standard", _published_gib(plan), MONTH)
    if plan.images:
        yield _service(plan, "ecrStorage", _cached_gib(plan), MONTH)


def _published_gib(plan: Plan) -> float:
    """The bucket once every model is published, compiled artifacts at their largest.

    A GB of S3 is 2^30 bytes. Revisions published before are not counted, nor is compiled code that an
    engine can do without: less than a cent a month.
    """
    gib_by_snapshot = {
        snapshot: _gb(model, snapshot) * 1e9 / _BYTES_PER_GIB
        for model in plan.models
        for snapshot in model.snapshots
    }
    return sum(gib_by_snapshot.values())


def _gb(model: ModelPlan, snapshot: str) -> float:
    """10^9 bytes of one of its snapshots, at most."""
    if snapshot == model.snapshots[0]:
        return model.weights_gb
    if model.speculation and snapshot == model.speculation.draft:
        return model.speculation.draft_gb
    return model.weights_gb * _ARTIFACTS


def _cached_gib(plan: Plan) -> float:
    """The engine images that ECR keeps, each version that was served before left out.

    Between ECR and nodes of its region nothing is billed by use (ECR pricing page).
    """
    times = cold_start_facts().engines
    engines = {model.engine for model in plan.models if model.image_cached}
    return sum(
        times[engine].image_compressed.expected * times[engine].image_platforms
        for engine in engines
    ) * (1e9 / _BYTES_PER_GIB)


def usage_lines(plan: Plan, usage: Usage) -> Iterator[BillLine]:
    """What is billed by use; logs are stored as they came in, although CloudWatch compresses."""
    network = plan.network
    yield _service(plan, "natGatewayData", usage.nat_gb)
    if network.interface_endpoints:
        yield _service(plan, "interfaceEndpointData", usage.endpoint_gb)
    if network.flow_logs or plan.cluster.log_types:
        logs = usage.logs_gb
        days = plan.network.log_retention_days
        yield _service(plan, "logsIngested", logs)
        kept = None if logs is None else logs * _HOURS_PER_DAY * days
        yield _service(plan, "logsStored", kept, MONTH)
    if plan.edge.has_load_balancer:
        yield _service(plan, "networkLoadBalancerUnit", usage.load_balancer_units)


def system_lines(plan: Plan) -> Iterator[BillLine]:
    """The nodes of the cluster's own controllers, which always run."""
    for group in plan.node_groups_by_pool[SYSTEM_POOL]:
        (kind,) = group.instance_types
        yield service_line(
            f"{SYSTEM_POOL} nodes, {kind}",
            group.min_nodes,
            "hour",
            plan.prices.on_demand(kind),
            missing=f"{kind} in {plan.region}",
            on_demand_type=kind,
            price_names=[kind],
        )
        yield volumes_line(SYSTEM_POOL, group, group.min_nodes, plan.prices, pool=None)


def volumes_line(
    title: str, group: NodeGroupPlan, nodes: float, prices: Prices, *, pool: str | None
) -> BillLine:
    """The volumes of so many nodes of a tier."""
    return service_line(
        f"{title} volumes",
        nodes,
        "month",
        disks_of(group, prices),
        missing=f"gp3 volumes in {prices.region}",
        pool=pool,
        per_hour=MONTH,
        price_names=VOLUME_PRICES,
    )


def _service(
    plan: Plan, name: ServiceName, quantity: float | None, per_hour: float = 1.0
) -> BillLine:
    service = service_prices()[name]
    return service_line(
        service.title,
        quantity,
        service.unit,
        plan.prices.service(name),
        missing=f"{service.title} in {plan.region}",
        per_hour=per_hour,
        price_names=[name],
    )
