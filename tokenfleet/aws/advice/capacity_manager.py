"""EC2 Capacity Manager: what became of the account's own spot instances, and what EC2 has now.

Metrics of interruption know regions, zones and accounts, but no instance types; run times are in
hours and rates in percent (EC2 user guide, "EC2 Capacity Manager metrics").
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from tokenfleet.aws.advice.facts import SpotHistory, Supportability, Tier

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.literals import MetricType

DAYS = 14
_RATE, _HOURS = "spot-interruption-rate-inst", "spot-avg-run-time-before-interruption-inst"
_FULFILLED = "spot-capacity-request-fulfillment-rate"
_HOUR = dt.timedelta(hours=1)
_MOST_TYPES, _MOST_ZONES = 50, 10

Metrics = Mapping[str, Mapping[str, float]]
"""Figures by zone id and metric."""


class _Scoring(Protocol):
    """A call newer than the stubs of EC2."""

    def get_capacity_manager_supportability_scores(
        self,
        *,
        MarketType: str,  # noqa: N803 - the API's names
        CapacityAmount: int,  # noqa: N803
        CapacityUnit: str,  # noqa: N803
        CapacityAvailabilityZoneIds: Sequence[str],  # noqa: N803
        InstanceTypes: Sequence[str],  # noqa: N803
    ) -> Mapping[str, Any]: ...


def is_on(ec2: "EC2Client") -> bool:
    """Whether it is enabled in this region."""
    return ec2.get_capacity_manager_attributes()["CapacityManagerStatus"] == "enabled"


def interruptions(ec2: "EC2Client", region: str, now: dt.datetime) -> Metrics:
    """How often spot instances were taken back, and after how many hours."""
    return _metrics(ec2, [_RATE, _HOURS], region, now)


def fulfilment(ec2: "EC2Client", region: str, now: dt.datetime) -> Metrics:
    """What part of the spot capacity asked for was given."""
    return _metrics(ec2, [_FULFILLED], region, now)


def history(found: Iterable[Metrics]) -> Mapping[str, SpotHistory]:
    """Several answers together, by zone id."""
    together: dict[str, dict[str, float]] = {}
    for each in found:
        for zone, values in each.items():
            together.setdefault(zone, {}).update(values)
    return {
        zone: SpotHistory(
            interrupted_percent=values.get(_RATE),
            hours_before_interruption=values.get(_HOURS),
            fulfilled_percent=values.get(_FULFILLED),
        )
        for zone, values in sorted(together.items())
    }


def supportability(ec2: "EC2Client", tier: Tier, zone_ids: Sequence[str]) -> Supportability:
    """How much of a tier EC2 has now, over its types and zones together."""
    answer = cast("_Scoring", ec2).get_capacity_manager_supportability_scores(
        MarketType=tier.market,
        CapacityAmount=tier.nodes,
        CapacityUnit="instances",
        CapacityAvailabilityZoneIds=list(zone_ids[:_MOST_ZONES]),
        InstanceTypes=list(tier.instance_types[:_MOST_TYPES]),
    )
    return cast("Supportability", answer["AggregateScore"])


def _metrics(ec2: "EC2Client", names: Sequence[str], region: str, now: dt.datetime) -> Metrics:
    # One period over all days, so that AWS weighs the hours; both ends on the hour, as it asks for.
    end = now.replace(minute=0, second=0, microsecond=0)
    span = dt.timedelta(days=DAYS)
    pages = ec2.get_paginator("get_capacity_manager_metric_data").paginate(
        MetricNames=cast("list[MetricType]", names),
        StartTime=end - span,
        EndTime=end,
        Period=span // _HOUR * int(_HOUR.total_seconds()),
        GroupBy=["availability-zone-id"],
        FilterBy=[
            {
                "DimensionCondition": {
                    "Dimension": "resource-region",
                    "Comparison": "equals",
                    "Values": [region],
                }
            }
        ],
    )
    found: dict[str, dict[str, float]] = {}
    for page in pages:
        for row in page.get("MetricDataResults", ()):
            zone = row.get("Dimension", {}).get("AvailabilityZoneId", "")
            for value in row.get("MetricValues", ()):
                found.setdefault(zone, {})[str(value.get("Metric", ""))] = value.get("Value", 0.0)
    return found
