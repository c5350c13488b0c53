"""What parsed but cannot be built: contradictions between sections, and with the catalogue."""

from collections.abc import Iterator, Mapping

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.hardware import hardware_by_name
from tokenfleet.catalogue.instances import (
    InstanceType,
    instance_type,
    on_demand_usd_per_hour,
    regions,
)
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.plan.memory import memory_budget, smallest_that_fits
from tokenfleet.plan.network import ZONE_LETTERS
from tokenfleet.plan.nodes import smallest
from tokenfleet.plan.pools import engine_of, hardware_of
from tokenfleet.settings.draft import Draft
from tokenfleet.settings.sections import ModelSettings, PoolSettings


def find_mistakes(
    draft: Draft, facts_by_model: Mapping[str, ModelFacts | CatalogueError]
) -> Iterator[Mistake]:
    """Every contradiction among the sections that parsed.

    ``facts_by_model`` holds, by the model's name, its facts or why there are none.
    """
    yield from _network(draft)
    yield from _cluster(draft)
    yield from _edge_and_cost(draft)
    for name, pool in draft.pools.items():
        yield from _pool(f"pools.{name}", name, pool, draft)
    for name, model in draft.models.items():
        yield from _model(f"models.{name}", model, facts_by_model[name], draft)


def _network(draft: Draft) -> Iterator[Mistake]:
    if draft.region and draft.region not in regions():
        known = ", ".join(sorted(regions()))
        yield Mistake(
            path="region",
            value=draft.region,
            problem=(
                f"the catalogue knows no prices or offerings there.{nearest(draft.region, regions())}"
                f" Known: {known}. Another region needs rows in tokenfleet/catalogue/data"
            ),
        )
    if draft.network is None:
        return
    for zone in sorted({z for z in draft.network.zones if draft.network.zones.count(z) > 1}):
        yield Mistake(path="network.zones", value=zone, problem="is listed twice")
    for index, zone in enumerate(draft.network.zones):
        path = f"network.zones[{index}]"
        if draft.region and zone[:-1] != draft.region:
            yield Mistake(path=path, value=zone, problem=f"is not a zone of {draft.region}")
        if zone[-1] not in ZONE_LETTERS:
            problem = f"the address plan has room for zones {ZONE_LETTERS[0]} to {ZONE_LETTERS[-1]}"
            yield Mistake(path=path, value=zone, problem=problem)
    if len(set(draft.network.zones)) == 1:
        yield Mistake(
            path="network.zones",
            value=draft.network.zones[0],
            problem="EKS needs subnets in two zones or more: name a second zone",
        )


def _cluster(draft: Draft) -> Iterator[Mistake]:
    if draft.cluster is None:
        return
    if draft.network and draft.cluster.service_cidr.overlaps(draft.network.cidr):
        yield Mistake(
            path="cluster.serviceCidr",
            value=str(draft.cluster.service_cidr),
            problem=(
                f"overlaps network.cidr {draft.network.cidr}: Kubernetes services need a private"
                " range of their own"
            ),
        )
    if not 12 <= draft.cluster.service_cidr.prefixlen <= 24:  # noqa: PLR2004 - EKS CreateCluster
        yield Mistake(
            path="cluster.serviceCidr",
            value=str(draft.cluster.service_cidr),
            problem="EKS takes a range between /12 and /24",
        )
    for index, cidr in enumerate(draft.cluster.public_access_cidrs):
        if cidr.prefixlen == 0:
            yield Mistake(
                path=f"cluster.publicAccessCidrs[{index}]",
                value=str(cidr),
                problem="opens the Kubernetes API to everyone: name the ranges you deploy from",
            )
        elif cidr.is_private and not _is_documentation(str(cidr)):
            yield Mistake(
                path=f"cluster.publicAccessCidrs[{index}]",
                value=str(cidr),
                problem="is private: the public endpoint only ever sees public addresses",
            )
    path, name = "cluster.systemNodes.instanceType", draft.cluster.system_nodes.instance_type
    kind, mistakes = _instance_type(path, name, draft)
    yield from mistakes
    if kind and kind.accelerator:
        problem = "has accelerators that the cluster's controllers would leave idle"
        yield Mistake(path=path, value=name, problem=problem)


def _edge_and_cost(draft: Draft) -> Iterator[Mistake]:
    if draft.edge and draft.edge.exposure == "internal" and not draft.edge.allowed_cidrs:
        yield Mistake(
            path="edge.allowedCidrs",
            value="[]",
            problem="an internal load balancer needs the ranges that may call the models",
        )
    if draft.edge and draft.edge.exposure == "cluster" and draft.edge.allowed_cidrs:
        yield Mistake(
            path="edge.allowedCidrs",
            value=", ".join(map(str, draft.edge.allowed_cidrs)),
            problem="has no effect while edge.exposure is 'cluster': remove it or choose 'internal'",
        )
    for index, cidr in enumerate(draft.edge.allowed_cidrs if draft.edge else ()):
        if cidr.prefixlen == 0:
            problem = "allows everyone: name the ranges that may call the models"
            yield Mistake(path=f"edge.allowedCidrs[{index}]", value=str(cidr), problem=problem)
    if draft.cost and draft.cost.alert_emails and draft.cost.monthly_budget_usd is None:
        yield Mistake(
            path="cost.alertEmails",
            value=", ".join(draft.cost.alert_emails),
            problem="has no effect without cost.monthlyBudgetUsd: give the budget to watch",
        )
    for key in draft.cost.tags if draft.cost else ():
        if key.startswith(("aws:", "tokenfleet:", "k8s.io/", "kubernetes.io/")) or key == "Name":
            problem = "this tag is set by AWS or by the program: choose another key"
            yield Mistake(path=f"cost.tags.{key}", value="", problem=problem)


def _pool(path: str, name: str, pool: PoolSettings, draft: Draft) -> Iterator[Mistake]:
    if draft.models and not any(model.pool == name for model in draft.models.values()):
        yield Mistake(
            path=path, value="", problem="no model uses this pool: remove it or point a model at it"
        )
    kinds: list[InstanceType] = []
    hardware = hardware_of(pool)
    for index, type_name in enumerate(pool.instance_types):
        type_path = f"{path}.instanceTypes[{index}]"
        kind, mistakes = _instance_type(type_path, type_name, draft)
        yield from mistakes
        if kind is None:
            continue
        if kind.architecture != hardware.architecture:
            problem = f"is {kind.architecture}, but {pool.hardware} is {hardware.architecture}"
            yield Mistake(path=type_path, value=type_name, problem=problem)
        elif not hardware.runs_on(kind):
            families = ", ".join(hardware.families)
            problem = f"has no {hardware.title}; families that do: {families}"
            yield Mistake(path=type_path, value=type_name, problem=problem)
        else:
            kinds.append(kind)
        if type_name in pool.instance_types[:index]:
            yield Mistake(path=type_path, value=type_name, problem="is listed twice")
    yield from _equal_types(path, kinds)
    yield from _reservations(path, pool, kinds, draft)


def _equal_types(path: str, kinds: list[InstanceType]) -> Iterator[Mistake]:
    """The types of a pool must be interchangeable: the autoscaler and the plan count on it."""
    for index, kind in enumerate(kinds[1:], start=1):
        first = kinds[0]
        ours, theirs = first.accelerator, kind.accelerator
        if ours and theirs:
            if ours.ranks != theirs.ranks:
                problem = (
                    f"has {theirs.count} x {theirs.name}, {first.instance_type} has {ours.count}:"
                    " the types of a pool must have equally many"
                )
                yield Mistake(
                    path=f"{path}.instanceTypes[{index}]", value=kind.instance_type, problem=problem
                )
        elif kind.vcpus != first.vcpus:
            problem = (
                f"has {kind.vcpus} vCPU, {first.instance_type} has {first.vcpus}: the types of a"
                " CPU pool must have equally many"
            )
            yield Mistake(
                path=f"{path}.instanceTypes[{index}]", value=kind.instance_type, problem=problem
            )


def _reservations(
    path: str, pool: PoolSettings, kinds: list[InstanceType], draft: Draft
) -> Iterator[Mistake]:
    for option, tier in pool.tiers.items():
        tier_path = f"{path}.tiers.{option}"
        if option == "reserved" and tier.reservation is None:
            problem = "is missing: a reserved tier needs capacityReservationId and zone"
            yield Mistake(path=f"{tier_path}.reservation", value="", problem=problem)
        if option != "reserved" and tier.reservation:
            problem = "only a reserved tier has a reservation"
            yield Mistake(path=f"{tier_path}.reservation", value="", problem=problem)
        if tier.reservation and draft.network and tier.reservation.zone not in draft.network.zones:
            yield Mistake(
                path=f"{tier_path}.reservation.zone",
                value=tier.reservation.zone,
                problem=f"is not among network.zones ({', '.join(draft.network.zones)})",
            )
        usage = "capacity-block" if tier.reservation and tier.reservation.capacity_block else None
        usage = usage or ("spot" if option == "spot" else "on-demand")
        for kind in kinds:
            if usage not in kind.usage_classes:
                problem = f"{kind.instance_type} cannot be bought as {usage}"
                yield Mistake(path=tier_path, value="", problem=problem)


def _model(
    path: str, model: ModelSettings, facts: ModelFacts | CatalogueError, draft: Draft
) -> Iterator[Mistake]:
    if model.pool not in draft.pool_names:
        known = ", ".join(sorted(draft.pool_names)) or "none"
        problem = f"there is no such pool.{nearest(model.pool, draft.pool_names)} Pools: {known}."
        yield Mistake(path=f"{path}.pool", value=model.pool, problem=problem)
    if model.traffic:
        tokens = model.traffic.input_tokens + model.traffic.output_tokens
        if tokens > model.context_length:
            yield Mistake(
                path=f"{path}.traffic",
                value=str(tokens),
                problem=(
                    f"inputTokens + outputTokens do not fit contextLength {model.context_length}:"
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
            problem=f"the model was trained for {facts.context_length} tokens at most",
        )
    pool = draft.pools.get(model.pool)
    if pool:
        yield from _on_pool(path, model, facts, pool, draft.region)


def _on_pool(
    path: str, model: ModelSettings, facts: ModelFacts, pool: PoolSettings, region: str | None
) -> Iterator[Mistake]:
    hardware, engine = hardware_of(pool), engine_of(pool)
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
    if facts.weights_dtype not in hardware.weights:
        runs = sorted(
            name for name, row in hardware_by_name().items() if facts.weights_dtype in row.weights
        )
        yield Mistake(
            path=f"{path}.pool",
            value=model.pool,
            problem=(
                f"{hardware.title} does not run {facts.weights_dtype} weights; it runs"
                f" {', '.join(hardware.weights)}. Hardware that does: {', '.join(runs)}"
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
    budget = memory_budget(facts, model.context_length, kind, engine)
    if budget.fits:
        return
    bigger = smallest_that_fits(
        facts,
        model.context_length,
        hardware=hardware,
        engine=engine,
        region=region or "",
        families=[k.family for k in kinds],
    )
    way_out = (
        f"the smallest type that fits is {bigger.instance_type}"
        if bigger
        else f"no {hardware.title} instance offered in {region} fits it on one node: choose other"
        " hardware, a smaller or quantised model, or a shorter contextLength"
    )
    yield Mistake(
        path=f"{path}.pool",
        value=model.pool,
        problem=(f"does not fit {kind.instance_type}: {budget.arithmetic()}; {way_out}"),
    )


def _instance_type(path: str, name: str, draft: Draft) -> tuple[InstanceType | None, list[Mistake]]:
    try:
        kind = instance_type(name)
    except CatalogueError as error:
        return None, [Mistake(path=path, value=name, problem=str(error))]
    if draft.region is None or draft.region not in regions():
        return kind, []
    if draft.region in kind.not_offered_in:
        offered = ", ".join(kind.offered_in) or "no known region"
        problem = f"is not offered in {draft.region}; it is offered in {offered}"
        return kind, [Mistake(path=path, value=name, problem=problem)]
    try:
        on_demand_usd_per_hour(name, draft.region)
    except CatalogueError as error:
        return kind, [Mistake(path=path, value=name, problem=str(error))]
    return kind, []


def _is_documentation(cidr: str) -> bool:
    # RFC 5737: the committed stack files use them as placeholders, which the preview notes.
    return cidr.startswith(("192.0.2.", "198.51.100.", "203.0.113."))
