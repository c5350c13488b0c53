"""What to know of zones: types that only some of them offer, and what nobody could check."""

from collections.abc import Iterator, Sequence

from tokenfleet.catalogue.places.zones import without_eks, zone_ids
from tokenfleet.plan.nodes.zones import HOW_TO_LIST, ids_with, zones_with
from tokenfleet.plan.stack import Plan


def zone_notes(plan: Plan) -> Iterator[str]:
    """One sentence for each pool, the system nodes among them, whose zones are not all alike."""
    if not zone_ids(plan.region):
        yield (
            f"Which zones of {plan.region} offer which instance types is not known here:"
            f" tokenfleet catalogue refresh --region {plan.region} asks EC2."
        )
        return
    for pool, groups in plan.node_groups_by_pool.items():
        yield from _pool(plan, pool, groups[0].instance_types)


def _pool(plan: Plan, pool: str, kinds: Sequence[str]) -> Iterator[str]:
    region, names = plan.region, plan.network.zone_ids
    offering, types = ids_with(kinds, region), _or(kinds)
    if offering is None:
        yield (
            f"Pool {pool}: which zones of {region} offer {types} is not known:"
            f" tokenfleet catalogue refresh --region {region} asks EC2."
        )
        return
    usable = frozenset(zone_ids(region)) - without_eks()
    where = ", ".join(sorted(offering & usable))
    if names:
        without = sorted(names.keys() - zones_with(kinds, region, names))
        if without:
            ours = ", ".join(f"{zone} ({names[zone]})" for zone in without)
            yield (
                f"Pool {pool}: no node can start in {ours}, which does not offer {types}. In"
                f" {region} {where} do: another zone, or another type beside, keeps it spread."
            )
    elif not usable <= offering:
        yield (
            f"Pool {pool}: {types} can be had in {where} only. Which of network.zones these are"
            f" differs between accounts and is not checked: say it in network.zoneIds ({HOW_TO_LIST})."
        )


def _or(kinds: Sequence[str]) -> str:
    first, others = kinds[0], len(kinds) - 1
    return f"{first} or {others} other type{'s' if others > 1 else ''}" if others else first
