"""Where instance types can be had: in which of a stack's zones, as far as that is known."""

from collections.abc import Iterable, Mapping

from tokenfleet.catalogue.places.zones import zones_offering

HOW_TO_LIST = "aws ec2 describe-availability-zones --query 'AvailabilityZones[].[ZoneName,ZoneId]'"
"""Prints the name and the id of every zone of an account."""


def zones_with(kinds: Iterable[str], region: str, zone_ids: Mapping[str, str]) -> frozenset[str]:
    """The stack's zones, by name, that offer one of the types; all where that is not known.

    ``zone_ids`` are the ids by name in the account: names mean other places in other accounts.
    """
    ids = ids_with(kinds, region)
    return frozenset(name for name, known in zone_ids.items() if ids is None or known in ids)


def ids_with(kinds: Iterable[str], region: str) -> frozenset[str] | None:
    """Ids of the region's zones that offer one of the types, None where a type is not known."""
    found: set[str] = set()
    for kind in kinds:
        zones = zones_offering(kind, region)
        if zones is None:
            return None
        found |= zones
    return frozenset(found)
