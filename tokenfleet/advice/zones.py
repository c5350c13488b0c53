"""Whether a stack's zones are the account's, and have its instance types."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.advice.findings import AccountFinding, blocks, warns
from tokenfleet.advice.question import zones_of
from tokenfleet.aws.advice.facts import Answers
from tokenfleet.catalogue.places.zones import without_eks
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class MissingOffer:
    """A type of a pool, and its zones, by name, that do not offer it."""

    pool: str
    instance_type: str
    zones: Sequence[str]


def ids_of(plan: Plan, answers: Answers) -> Mapping[str, str]:
    """Ids of the stack's zones: the account's, else those that the stack file gives."""
    known = answers.zone_ids if answers.zone_ids is not None else plan.network.zone_ids
    return {zone: known[zone] for zone in zones_of(plan) if zone in known}


def missing_offers(plan: Plan, answers: Answers) -> Sequence[MissingOffer]:
    """Every type that some of its pool's zones do not offer."""
    found = [
        MissingOffer(pool=pool, instance_type=kind, zones=zones)
        for pool, groups in plan.node_groups_by_pool.items()
        for kind in groups[0].instance_types
        if (zones := _lacking(kind, _zones_of(groups), ids_of(plan, answers), answers))
    ]
    return sorted(found, key=lambda each: (each.pool, each.instance_type))


def zone_findings(plan: Plan, answers: Answers) -> Iterator[AccountFinding]:
    """Zones that are not there, that EKS does not take, or that go by another id."""
    if answers.zone_ids is None:
        return
    for zone in zones_of(plan):
        known, given = answers.zone_ids.get(zone), plan.network.zone_ids.get(zone)
        if known is None:
            yield blocks(
                "network.zones",
                f"{zone} is no zone that this account may use",
                f"it has {', '.join(sorted(answers.zone_ids))}",
            )
        elif known in without_eks():
            yield blocks(
                "network.zones",
                f"{zone} is {known}, in which EKS takes no subnet",
                "choose another zone",
            )
        elif given not in (None, known):
            yield warns(
                "network.zoneIds",
                f"{zone} is said to be {given}, and is {known} in this account",
                "correct it: previews check types by it",
            )


def offer_findings(plan: Plan, answers: Answers) -> Iterator[AccountFinding]:
    """Pools and zones in which no node can start, for want of types."""
    ids = ids_of(plan, answers)
    if answers.offers is None or not ids:
        return
    for pool, groups in plan.node_groups_by_pool.items():
        dead = [group for group in groups if not _startable(group, ids, answers)]
        kinds = ", ".join(groups[0].instance_types)
        if len(dead) == len(groups) or any(group.min_nodes for group in dead):
            yield blocks(pool, f"none of its zones offers {kinds}", _elsewhere(groups[0], answers))
            continue
        for group in dead:
            zones = ", ".join(group.zones)
            yield warns(
                pool,
                f"its {group.purchase_option} tier is in {zones}, which offers none of {kinds}",
                _elsewhere(group, answers),
            )
        lacking = [
            _lacking(kind, _zones_of(groups), ids, answers) for kind in groups[0].instance_types
        ]
        empty = [zone for zone in lacking[0] if all(zone in zones for zones in lacking)]
        if empty and not dead:
            yield warns(
                pool,
                f"no node of it can start in {', '.join(empty)}, which offers none of {kinds}",
                "another zone, or another type beside, keeps it spread",
            )


def _zones_of(groups: Sequence[NodeGroupPlan]) -> Sequence[str]:
    return sorted({zone for group in groups for zone in group.zones})


def _startable(group: NodeGroupPlan, ids: Mapping[str, str], answers: Answers) -> bool:
    """Whether one of its types is to be had in one of its zones, also where that is not known."""
    return any(
        len(_lacking(kind, group.zones, ids, answers)) < len(group.zones)
        for kind in group.instance_types
    )


def _lacking(
    kind: str, zones: Sequence[str], ids: Mapping[str, str], answers: Answers
) -> Sequence[str]:
    """Zones of known ids that do not offer a type."""
    if answers.offers is None:
        return []
    offered = answers.offers.get(kind, frozenset())
    return [zone for zone in zones if zone in ids and ids[zone] not in offered]


def _elsewhere(group: NodeGroupPlan, answers: Answers) -> str:
    offers = answers.offers or {}
    usable = frozenset[str]().union(*(offers.get(kind, ()) for kind in group.instance_types))
    where = ", ".join(sorted(usable - without_eks()))
    if not where:
        return "nor does any other zone of the region: choose other types or another region"
    return f"{where} would: add such a zone to network.zones, or choose other types"
