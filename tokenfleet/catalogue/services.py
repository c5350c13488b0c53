"""List prices of AWS services besides instances, dated and by region."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Literal

import yaml
from pydantic import TypeAdapter

from tokenfleet.catalogue.facts import Fact, data_file

ServiceName = Literal[
    "eksControlPlane",
    "natGateway",
    "natGatewayData",
    "interfaceEndpoint",
    "publicIpv4",
    "gp3Gib",
    "gp3Iops",
    "gp3Throughput",
    "kmsKey",
    "logsIngested",
    "networkLoadBalancer",
    "s3Standard",
]


class ServicePrice(Fact):
    """What one ``unit`` of a service costs in US dollars, by region."""

    title: str
    unit: str
    usd_by_region: Mapping[str, float]
    source: str
    date: date


@cache
def service_prices() -> Mapping[ServiceName, ServicePrice]:
    """Every service price of the catalogue."""
    rows = yaml.load(data_file("services.yaml"), Loader=yaml.CSafeLoader)
    return TypeAdapter(dict[ServiceName, ServicePrice]).validate_python(rows)
