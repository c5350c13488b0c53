"""What EC2 says of a region: which instance types it offers where, and what they cost on spot now."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from tokenfleet.aws.explain import code_of, problem_lines
from tokenfleet.aws.price_list import PriceError

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.literals import InstanceTypeType

_NEVER = dt.datetime.fromtimestamp(0, dt.UTC)
_PERMISSIONS = {
    "DescribeInstanceTypeOfferings": "ec2:DescribeInstanceTypeOfferings",
    "DescribeSpotPriceHistory": "ec2:DescribeSpotPriceHistory",
}


class SpotMarket:
    """EC2 in one region.

    Raises:
        PriceError: from every method, when EC2 cannot be asked.
    """

    def __init__(self, client: "EC2Client", region: str) -> None:
        self._client = client
        self._region = region

    def zones(self) -> Mapping[str, frozenset[str]]:
        """Every instance type that the region has, and the ids of the zones that have it."""
        pages = self._client.get_paginator("describe_instance_type_offerings").paginate(
            LocationType="availability-zone-id"
        )
        found: dict[str, set[str]] = {}
        try:
            for page in pages:
                for offer in page.get("InstanceTypeOfferings", ()):
                    kind, zone = str(offer.get("InstanceType", "")), offer.get("Location", "")
                    found.setdefault(kind, set()).add(zone)
        except (BotoCoreError, ClientError) as error:
            raise self._refused(error) from error
        return {kind: frozenset(ids) for kind, ids in found.items()}

    def prices(self, kinds: Sequence[str], now: dt.datetime) -> Mapping[str, Mapping[str, float]]:
        """The spot price of an hour by type and zone; a history from now on is the latest price.

        What is not in a VPC is a product of its own, at the same price.
        """
        pages = self._client.get_paginator("describe_spot_price_history").paginate(
            InstanceTypes=cast("list[InstanceTypeType]", kinds),
            ProductDescriptions=["Linux/UNIX", "Linux/UNIX (Amazon VPC)"],
            StartTime=now,
        )
        try:
            rows = [row for page in pages for row in page.get("SpotPriceHistory", ())]
        except (BotoCoreError, ClientError) as error:
            raise self._refused(error) from error
        found: dict[str, dict[str, float]] = {}
        for row in sorted(rows, key=lambda row: row.get("Timestamp", _NEVER)):
            kind, zone = str(row.get("InstanceType", "")), row.get("AvailabilityZone", "")
            found.setdefault(kind, {})[zone] = float(row.get("SpotPrice", 0))
        return found

    def _refused(self, error: BotoCoreError | ClientError) -> PriceError:
        endpoint = self._client.meta.endpoint_url
        lines = problem_lines(error, f"EC2 in {self._region}", endpoint, _PERMISSIONS)
        if isinstance(error, ClientError) and code_of(error) == "AuthFailure":
            lines = [*lines, f"or enable {self._region} for the account, if it is not"]
        return PriceError(lines)
