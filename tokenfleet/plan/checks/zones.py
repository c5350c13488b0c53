"""Zone ids: those of the stack's zones, and instance types that none of them offers."""

from collections.abc import Iterator, Mapping

from tokenfleet.catalogue.places.zones import without_eks, zone_ids
from tokenfleet.mistakes import Mistake
from tokenfleet.plan.nodes.zones import HOW_TO_LIST, ids_with, zones_with
from tokenfleet.settings.draft import Draft


def zone_id_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Ids for other zones than the stack's, ids that cannot be, and zones without EKS."""
    if draft.network is None or not draft.network.zone_ids:
        return
    given, known = draft.network.zone_ids, zone_ids(draft.region or "")
    for zone in draft.network.zones:
        if zone not in given:
            problem = f"has no id: give one for every zone or for none. {HOW_TO_LIST} lists them"
            yield Mistake(path="network.zoneIds", value=zone, problem=problem)
    can_be = sorted(frozenset(known) - without_eks())
    for place, (zone, zone_id) in enumerate(given.items()):
        problem = None
        if zone not in draft.network.zones:
            problem = f"is not among network.zones ({', '.join(draft.network.zones)}): remove it"
        elif zone_id in list(given.values())[:place]:
            problem = f"is the id of two zones. {HOW_TO_LIST} lists them"
        elif zone_id in without_eks():
            problem = "EKS takes no subnet of a cluster in this zone: choose another zone"
        elif known and zone_id not in known:
            problem = f"is not a zone of {draft.region}; its zones with EKS are {', '.join(can_be)}"
        if problem:
            yield Mistake(path=f"network.zoneIds.{zone}", value=zone_id, problem=problem)


def offer_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Types that no zone of the stack offers, and reservations of types that their zone lacks."""
    if draft.network is None or draft.region is None or not draft.network.zone_ids:
        return
    ids = draft.network.zone_ids
    if any(zone_id_mistakes(draft)):
        return
    if draft.cluster:
        kind = draft.cluster.system_nodes.instance_type
        yield from _nowhere("cluster.systemNodes.instanceType", kind, draft.region, ids)
    for name, pool in draft.pools.items():
        for index, kind in enumerate(pool.instance_types):
            yield from _nowhere(f"pools.{name}.instanceTypes[{index}]", kind, draft.region, ids)
        for option, tier in pool.tiers.items():
            zone = tier.reservation.zone if tier.reservation else None
            if zone in ids and zone not in zones_with(pool.instance_types, draft.region, ids):
                yield Mistake(
                    path=f"pools.{name}.tiers.{option}.reservation.zone",
                    value=str(zone),
                    problem=(
                        f"is {ids[zone]}, which offers none of {', '.join(pool.instance_types)}:"
                        " a reservation for them is in another zone"
                    ),
                )


def _nowhere(path: str, kind: str, region: str, ids: Mapping[str, str]) -> Iterator[Mistake]:
    if zones_with([kind], region, ids):
        return
    ours = ", ".join(f"{zone} is {zone_id}" for zone, zone_id in sorted(ids.items()))
    offering = ", ".join(sorted((ids_with([kind], region) or frozenset()) - without_eks()))
    yield Mistake(
        path=path,
        value=kind,
        problem=(
            f"is offered in none of the stack's zones ({ours}); in {region} it is offered in"
            f" {offering}: add such a zone to network.zones or choose another type"
        ),
    )
