"""The zones of a region as an account knows them, and which of them offer what."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.literals import InstanceTypeType

_MOST_VALUES = 200  # of a filter (EC2 API reference, "Filter")


def zone_ids(ec2: "EC2Client") -> Mapping[str, str]:
    """The id of each zone by its name in this account; those it has not opted into are absent."""
    found = ec2.describe_availability_zones()["AvailabilityZones"]
    return {zone.get("ZoneName", ""): zone.get("ZoneId", "") for zone in found}


def offers(ec2: "EC2Client", instance_types: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Ids of the zones that offer a type, by type."""
    found: dict[str, set[str]] = {}
    pages = ec2.get_paginator("describe_instance_type_offerings")
    for first in range(0, len(instance_types), _MOST_VALUES):
        asked = cast("list[InstanceTypeType]", instance_types[first : first + _MOST_VALUES])
        for page in pages.paginate(
            LocationType="availability-zone-id",
            Filters=[{"Name": "instance-type", "Values": asked}],
        ):
            for offer in page.get("InstanceTypeOfferings", ()):
                kind, zone = str(offer.get("InstanceType", "")), offer.get("Location", "")
                found.setdefault(kind, set()).add(zone)
    return {kind: frozenset(ids) for kind, ids in found.items()}
