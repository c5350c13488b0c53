"""Pools: instance types that belong together, and tiers that can be bought."""

import json
from collections.abc import Iterable, Iterator, Mapping

from tokenfleet.catalogue.machines.instances import InstanceType, instance_types
from tokenfleet.catalogue.machines.unserved import unserved
from tokenfleet.mistakes import Mistake, nearest
from tokenfleet.plan.checks.nodes.instances import checked_instance_type
from tokenfleet.plan.nodes.groups import SYSTEM_POOL
from tokenfleet.plan.nodes.pools import ami_variant, hardware_of
from tokenfleet.settings.draft import Draft
from tokenfleet.settings.sections import PoolSettings


def pool_mistakes(name: str, pool: PoolSettings, draft: Draft) -> Iterator[Mistake]:
    """What is wrong with one pool."""
    path = f"pools.{name}"
    if name == SYSTEM_POOL:
        problem = "is the name of the nodes of the cluster's own controllers: choose another"
        yield Mistake(path=path, value="", problem=problem)
    if draft.pool_by_model and name not in draft.pool_by_model.values():
        problem = "no model uses this pool: remove it or point a model at it"
        yield Mistake(path=path, value="", problem=problem)
    kinds: dict[int, InstanceType] = {}
    hardware = hardware_of(pool)
    for index, type_name in enumerate(pool.instance_types):
        type_path = f"{path}.instanceTypes[{index}]"
        kind, mistakes = checked_instance_type(type_path, type_name, draft)
        yield from mistakes
        if kind is None:
            continue
        if known := unserved(kind.family):
            problem = f"has {known.title}: {known.way_out}"
            yield Mistake(path=type_path, value=type_name, problem=problem)
        elif kind.architecture != hardware.architecture:
            problem = f"is {kind.architecture}, but {pool.hardware} is {hardware.architecture}"
            yield Mistake(path=type_path, value=type_name, problem=problem)
        elif not hardware.runs_on(kind):
            families = ", ".join(hardware.families)
            problem = f"has no {hardware.title}; families that do: {families}"
            yield Mistake(path=type_path, value=type_name, problem=problem)
        else:
            kinds[index] = kind
        if type_name in pool.instance_types[:index]:
            yield Mistake(path=type_path, value=type_name, problem="is listed twice")
    yield from _equal_types(path, kinds)
    yield from _reservations(path, pool, kinds.values(), draft)
    yield from _without_spot(path, pool)


def machine_image_mistakes(draft: Draft) -> Iterator[Mistake]:
    """One machine image for nodes that cannot share one: it has an architecture and a driver."""
    kinds: dict[str, tuple[str, str]] = {}
    for path, image, kind in _machine_images(draft):
        first, said = kinds.setdefault(image, (path, kind))
        if said != kind:
            problem = f"is given to {first} too, for {said}; here it must be one for {kind}"
            yield Mistake(path=path, value=image, problem=problem)


def _machine_images(draft: Draft) -> Iterator[tuple[str, str, str]]:
    """Path, id, and what it must be for, of every image that is given."""
    system = draft.cluster.system_nodes if draft.cluster else None
    if system and system.image_id and system.instance_type in instance_types():
        architecture = instance_types()[system.instance_type].architecture
        yield "cluster.systemNodes.imageId", system.image_id, f"{architecture} (standard)"
    for name, pool in sorted(draft.pools.items()):
        known = [instance_types()[t] for t in pool.instance_types if t in instance_types()]
        given = {"imageId": pool.image_id, "baked.imageId": pool.baked and pool.baked.image_id}
        for key, image in given.items():
            if image and known:
                kind = f"{known[0].architecture} ({ami_variant(known[0])})"
                yield f"pools.{name}.{key}", image, kind


def pool_references(draft: Draft) -> Iterator[Mistake]:
    """Models that name a pool which is not there."""
    for model, pool in draft.pool_by_model.items():
        if pool not in draft.pool_names:
            known = ", ".join(sorted(draft.pool_names)) or "none"
            problem = f"there is no such pool.{nearest(pool, draft.pool_names)} Pools: {known}."
            yield Mistake(path=f"models.{model}.pool", value=pool, problem=problem)


def _equal_types(path: str, kinds: Mapping[int, InstanceType]) -> Iterator[Mistake]:
    """The types of a pool must be interchangeable: the autoscaler and the plan count on it."""
    for index, kind in kinds.items():
        first = next(iter(kinds.values()))
        ours, theirs = first.accelerator, kind.accelerator
        if ours and theirs and ours.ranks != theirs.ranks:
            problem = (
                f"has {theirs.count} x {theirs.name}, {first.instance_type} has {ours.count}: the"
                " types of a pool must have equally many"
            )
        elif theirs is None and kind.vcpus != first.vcpus:
            problem = (
                f"has {kind.vcpus} vCPU, {first.instance_type} has {first.vcpus}: the types of a CPU"
                " pool must have equally many"
            )
        else:
            continue
        yield Mistake(
            path=f"{path}.instanceTypes[{index}]", value=kind.instance_type, problem=problem
        )


def _reservations(
    path: str, pool: PoolSettings, kinds: Iterable[InstanceType], draft: Draft
) -> Iterator[Mistake]:
    for option, tier in pool.tiers.items():
        tier_path = f"{path}.tiers.{option}"
        if option == "reserved" and tier.reservation is None:
            problem = "is missing: a reserved tier needs capacityReservationId and zone"
            yield Mistake(path=f"{tier_path}.reservation", value="", problem=problem)
        if option == "reserved" and "min" in tier.model_fields_set and tier.min != tier.max:
            problem = (
                "of a reservation all runs, because it is paid for whether used or not: leave min"
                " out, or set max to what runs"
            )
            yield Mistake(path=f"{tier_path}.min", value=str(tier.min), problem=problem)
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


def _without_spot(path: str, pool: PoolSettings) -> Iterator[Mistake]:
    """What is only said to the capacity controller, which serves pools with a spot tier alone."""
    if "spot" in pool.tiers:
        return
    given = {"care": pool.care, "spare": pool.spare, "dry_run": pool.dry_run}
    for field in sorted(pool.model_fields_set & given.keys()):
        yield Mistake(
            path=f"{path}.{PoolSettings.model_fields[field].alias}",
            value=json.dumps(given[field]),
            problem="has no effect without a spot tier: add one, or leave it out",
        )
