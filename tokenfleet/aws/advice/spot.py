"""The spot market of a region: what a week cost, and where a tier would find its nodes."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from tokenfleet.aws.advice.facts import SpotPrice, Tier

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.literals import InstanceTypeType

LEAST_TYPES = 3
"""With fewer a placement score is always low (EC2 user guide, "Spot placement score")."""
WEEK = dt.timedelta(days=7)
_NEVER = dt.datetime.fromtimestamp(0, dt.UTC)
Change = tuple[dt.datetime, float]
"""The moment from which on a price held, and the price."""


def prices(
    ec2: "EC2Client", instance_types: Sequence[str], now: dt.datetime
) -> Mapping[str, Mapping[str, SpotPrice]]:
    """Of the week before now, by type and zone name."""
    pages = ec2.get_paginator("describe_spot_price_history").paginate(
        InstanceTypes=cast("list[InstanceTypeType]", instance_types),
        ProductDescriptions=["Linux/UNIX", "Linux/UNIX (Amazon VPC)"],
        StartTime=now - WEEK,
        EndTime=now,
    )
    changes: dict[tuple[str, str], list[Change]] = {}
    for page in pages:
        for row in page.get("SpotPriceHistory", ()):
            key = str(row.get("InstanceType", "")), row.get("AvailabilityZone", "")
            price = float(row.get("SpotPrice", 0))
            changes.setdefault(key, []).append((row.get("Timestamp", _NEVER), price))
    found: dict[str, dict[str, SpotPrice]] = {}
    for (kind, zone), each in sorted(changes.items()):
        found.setdefault(kind, {})[zone] = week_of(each, now)
    return found


def week_of(changes: Sequence[Change], now: dt.datetime) -> SpotPrice:
    """A week from its changes, of which the first may be older: it held when the week began."""
    begin = now - WEEK
    ordered = sorted(changes)
    ends = [moment for moment, _ in ordered[1:]] + [now]
    held = [
        (max(0.0, (end - max(start, begin)).total_seconds()), usd)
        for (start, usd), end in zip(ordered, ends, strict=True)
    ]
    seconds = sum(each for each, _ in held)
    latest = ordered[-1][1]
    during = [usd for each, usd in held if each] or [latest]
    return SpotPrice(
        now_usd=latest,
        week_low_usd=min(during),
        week_mean_usd=sum(s * usd for s, usd in held) / seconds if seconds else latest,
        week_high_usd=max(during),
    )


def scores(ec2: "EC2Client", tier: Tier, region: str) -> Mapping[str, int]:
    """By zone id, how likely all nodes of a tier are found in that zone alone, from 1 to 10."""
    pages = ec2.get_paginator("get_spot_placement_scores").paginate(
        InstanceTypes=list(tier.instance_types),
        TargetCapacity=tier.nodes,
        TargetCapacityUnitType="units",
        SingleAvailabilityZone=True,
        RegionNames=[region],
    )
    return {
        row.get("AvailabilityZoneId", ""): row.get("Score", 0)
        for page in pages
        for row in page.get("SpotPlacementScores", ())
    }
