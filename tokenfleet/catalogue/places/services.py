"""List prices of AWS services besides instances, dated and by region."""

import datetime as dt
import json
from collections.abc import Mapping
from functools import cache
from typing import Literal

import yaml
from pydantic import TypeAdapter

from tokenfleet.catalogue.facts import Fact, Price, data_file

ServiceName = Literal[
    "eksControlPlane",
    "natGateway",
    "natGatewayData",
    "interfaceEndpoint",
    "interfaceEndpointData",
    "publicIpv4",
    "gp3Gib",
    "gp3Iops",
    "gp3Throughput",
    "snapshotGib",
    "ecrStorage",
    "kmsKey",
    "logsIngested",
    "logsStored",
    "networkLoadBalancer",
    "networkLoadBalancerUnit",
    "s3Standard",
]


class RegionalPrice(Fact):
    """What one unit costs in one region, in US dollars."""

    usd: float
    date: dt.date
    source: str


class ServicePrice(Fact):
    """What one ``unit`` of a service costs, by region."""

    title: str
    unit: str
    by_region: Mapping[str, RegionalPrice]

    def price(self, region: str) -> Price | None:
        """The price in a region, None where none is known."""
        row = self.by_region.get(region)
        return None if row is None else Price(usd=row.usd, source=row.source, date=row.date)


@cache
def service_prices() -> Mapping[ServiceName, ServicePrice]:
    """Every service price of the catalogue."""
    return parse_service_prices(data_file("services.yaml"))


def parse_service_prices(text: str) -> Mapping[ServiceName, ServicePrice]:
    """The rows of the data file."""
    rows = yaml.load(text, Loader=yaml.CSafeLoader)
    return TypeAdapter(dict[ServiceName, ServicePrice]).validate_python(rows)


def render_service_prices(heading: str, prices: Mapping[ServiceName, ServicePrice]) -> str:
    """The data file again, below ``heading``: a line for each region of each price."""
    lines = [heading.rstrip()]
    for name, price in prices.items():
        lines += [f"{name}:", f"  title: {price.title}", f"  unit: {price.unit}", "  byRegion:"]
        lines += [
            f"    {region}: {{usd: {row.usd:.10g}, date: {row.date}, source: {json.dumps(row.source)}}}"
            for region, row in price.by_region.items()
        ]
    return "\n".join(lines) + "\n"
