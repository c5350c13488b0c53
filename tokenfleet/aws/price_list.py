"""Prices as the AWS Price List API gives them: instances on demand, and services by usage type."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field, ValidationError

from tokenfleet.aws.explain import problem_lines
from tokenfleet.catalogue.places.services import ServiceName

if TYPE_CHECKING:
    from types_boto3_pricing import PricingClient
    from types_boto3_pricing.type_defs import FilterTypeDef

_PERMISSIONS = {"GetProducts": "pricing:GetProducts"}
_PAGE = 100
_REGION = "AWS Region"


class PriceError(Exception):
    """Prices cannot be had: each line names what is wrong or the way out."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(lines))


@dataclass(frozen=True, kw_only=True)
class _Query:
    """Where a service's price is: products of a family whose usage type ends like this.

    ``units`` is how many of the catalogue's units AWS's unit holds.
    """

    service: str
    usage: str
    family: str | None = None
    volume: str | None = None
    units: float = 1.0


# Codes, families and usage types as infracost/infracost internal/resources/aws @95ba4f49 filters
# them; public IPv4 addresses have no family (GetProducts recorded 2026-08-10 by
# TypeOneLabs/tellury). gp3 throughput is listed by GiB/s.
_QUERIES: Mapping[ServiceName, _Query] = {
    "eksControlPlane": _Query(
        service="AmazonEKS", family="Compute", usage="AmazonEKS-Hours:perCluster"
    ),
    "natGateway": _Query(service="AmazonEC2", family="NAT Gateway", usage="NatGateway-Hours"),
    "natGatewayData": _Query(service="AmazonEC2", family="NAT Gateway", usage="NatGateway-Bytes"),
    "interfaceEndpoint": _Query(
        service="AmazonVPC", family="VpcEndpoint", usage="VpcEndpoint-Hours"
    ),
    "interfaceEndpointData": _Query(
        service="AmazonVPC", family="VpcEndpoint", usage="VpcEndpoint-Bytes"
    ),
    "publicIpv4": _Query(service="AmazonVPC", usage="PublicIPv4:InUseAddress"),
    "gp3Gib": _Query(
        service="AmazonEC2", family="Storage", volume="gp3", usage="EBS:VolumeUsage.gp3"
    ),
    "gp3Iops": _Query(
        service="AmazonEC2", family="System Operation", volume="gp3", usage="EBS:VolumeP-IOPS.gp3"
    ),
    "gp3Throughput": _Query(
        service="AmazonEC2",
        family="Provisioned Throughput",
        volume="gp3",
        usage="EBS:VolumeP-Throughput.gp3",
        units=1024,
    ),
    "snapshotGib": _Query(
        service="AmazonEC2", family="Storage Snapshot", usage="EBS:SnapshotUsage"
    ),
    "ecrStorage": _Query(
        service="AmazonECR", family="EC2 Container Registry", usage="TimedStorage-ByteHrs"
    ),
    "kmsKey": _Query(service="awskms", family="Encryption Key", usage="KMS-Keys"),
    "logsIngested": _Query(
        service="AmazonCloudWatch", family="Data Payload", usage="DataProcessing-Bytes"
    ),
    "logsStored": _Query(
        service="AmazonCloudWatch", family="Storage Snapshot", usage="TimedStorage-ByteHrs"
    ),
    "networkLoadBalancer": _Query(
        service="AWSELB", family="Load Balancer-Network", usage="LoadBalancerUsage"
    ),
    "networkLoadBalancerUnit": _Query(
        service="AWSELB", family="Load Balancer-Network", usage="LCUUsage"
    ),
    "s3Standard": _Query(service="AmazonS3", family="Storage", usage="TimedStorage-ByteHrs"),
}


class _Dimension(BaseModel):
    begin_range: float = Field(default=0.0, alias="beginRange")
    price_per_unit: Mapping[str, float] = Field(alias="pricePerUnit")


class _Term(BaseModel):
    price_dimensions: Mapping[str, _Dimension] = Field(alias="priceDimensions")


class _Terms(BaseModel):
    on_demand: Mapping[str, _Term] = Field(default_factory=dict[str, _Term], alias="OnDemand")


class _Product(BaseModel):
    attributes: Mapping[str, str]


class _Listed(BaseModel):
    """One item of ``PriceList``, which is a JSON text; what is not needed is left out."""

    product: _Product
    terms: _Terms

    @property
    def usd(self) -> set[float]:
        """The prices of the first tier; what is free is no price."""
        found = {
            dimension.price_per_unit["USD"]
            for term in self.terms.on_demand.values()
            for dimension in term.price_dimensions.values()
            if dimension.begin_range == 0 and "USD" in dimension.price_per_unit
        }
        return found - {0.0}


class PriceList:
    """The AWS price list of one region.

    Raises:
        PriceError: from every method, when the list cannot be read, or has two prices for one
            thing.
    """

    def __init__(self, client: "PricingClient", region: str) -> None:
        self._client = client
        self._region = region

    def on_demand(self) -> Mapping[str, float]:
        """US dollars an hour by instance type: Linux, shared tenancy, bare metal as such."""
        common = {
            "operatingSystem": "Linux",
            "preInstalledSw": "NA",
            "capacitystatus": "Used",
            "marketoption": "OnDemand",
        }
        # Filters as aws/karpenter-provider-aws pkg/providers/pricing/pricing.go sends them.
        shared = {"tenancy": "Shared", "productFamily": "Compute Instance"}
        metal = {"tenancy": "Dedicated", "productFamily": "Compute Instance (bare metal)"}
        prices: dict[str, set[float]] = {}
        for kind in (shared, metal):
            for listed in self._listed("AmazonEC2", common | kind):
                name = listed.product.attributes.get("instanceType", "")
                prices.setdefault(name, set()).update(listed.usd)
        return {name: self._one(name, usd) for name, usd in prices.items() if name and usd}

    def services(self) -> Mapping[ServiceName, float]:
        """US dollars by the catalogue's unit, as far as the region has a price."""
        prices: dict[ServiceName, float] = {}
        for name, query in _QUERIES.items():
            usd = self._service(name, query)
            if usd is not None:
                prices[name] = usd
        return prices

    def _service(self, name: ServiceName, query: _Query) -> float | None:
        filters = {"productFamily": query.family, "volumeApiName": query.volume}
        # USE1-, EU-, or the region itself stands before the usage type, or nothing.
        usage = re.compile(rf"(?:[A-Z]+\d?-|{re.escape(self._region)}-)?{re.escape(query.usage)}")
        usd = {
            price
            for listed in self._listed(
                query.service, {field: value for field, value in filters.items() if value}
            )
            if usage.fullmatch(listed.product.attributes.get("usagetype", ""))
            for price in listed.usd
        }
        return self._one(name, usd) / query.units if usd else None

    def _one(self, name: str, usd: set[float]) -> float:
        if len(usd) > 1:
            every = ", ".join(f"{price:g}" for price in sorted(usd))
            lines = [f"the price list of {self._region} has {len(usd)} prices for {name}: {every}"]
            raise PriceError(lines)
        return next(iter(usd))

    def _listed(self, service: str, filters: Mapping[str, str]) -> Iterator[_Listed]:
        asked: list[FilterTypeDef] = [
            {"Type": "TERM_MATCH", "Field": field, "Value": value}
            for field, value in {"regionCode": self._region, **filters}.items()
        ]
        pages = self._client.get_paginator("get_products").paginate(
            ServiceCode=service, Filters=asked, PaginationConfig={"PageSize": _PAGE}
        )
        try:
            for page in pages:
                for text in page.get("PriceList", ()):
                    listed = _Listed.model_validate(json.loads(text))
                    # Local and Wavelength Zones have prices of their own.
                    if listed.product.attributes.get("locationType", _REGION) == _REGION:
                        yield listed
        except (BotoCoreError, ClientError) as error:
            endpoint = self._client.meta.endpoint_url
            lines = problem_lines(error, "the AWS price list", endpoint, _PERMISSIONS)
            raise PriceError(lines) from error
        except (ValidationError, ValueError) as error:
            what = str(error).splitlines()[0]
            lines = [f"the price list of {service} is not as AWS documents it: {what}"]
            raise PriceError(lines) from error
