"""Clients of AWS: patient, addressed and signed as the environment says."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast, overload
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_pricing import PricingClient
    from types_boto3_s3 import S3Client

_CONFIG = Config(
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=16,
    retries={"mode": "standard", "total_max_attempts": 6},
    tcp_keepalive=True,
)
_BY_PATH = _CONFIG.merge(Config(s3={"addressing_style": "path"}))


# The price list is served from few regions (boto3, get_available_regions("pricing")).
_PRICE_LIST_REGION = "us-east-1"


class _QuotaPages(Protocol):
    def paginate(self, *, ServiceCode: str) -> Iterable[Mapping[str, Any]]: ...  # noqa: N803 - the API's name


class QuotasClient(Protocol):
    """As much of Service Quotas as is used here."""

    def get_paginator(self, operation_name: Literal["list_service_quotas"]) -> _QuotaPages:
        """What asks for page after page."""
        ...


class _Session(Protocol):
    """The methods used here; boto3's own stubs name every service there is."""

    @overload
    def client(
        self, service_name: Literal["s3"], *, region_name: str | None, config: Config
    ) -> "S3Client": ...
    @overload
    def client(
        self, service_name: Literal["ec2"], *, region_name: str, config: Config
    ) -> "EC2Client": ...
    @overload
    def client(
        self, service_name: Literal["pricing"], *, region_name: str, config: Config
    ) -> "PricingClient": ...
    @overload
    def client(
        self, service_name: Literal["service-quotas"], *, region_name: str, config: Config
    ) -> QuotasClient: ...

    def get_available_regions(self, service_name: str) -> list[str]:
        """The regions that botocore knows a service to be in."""
        ...


def s3_client() -> "S3Client":
    """A client of S3, or of the server that AWS_ENDPOINT_URL_S3 names.

    Raises:
        BotoCoreError: when a profile or the region cannot be used.
        ValueError: when the endpoint is no address.
    """
    # boto3 itself reads AWS_DEFAULT_REGION alone; every other SDK and the loader read AWS_REGION.
    region = os.environ.get("AWS_REGION")
    session = _session()
    client = session.client("s3", region_name=region, config=_CONFIG)
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return client
    # A server of one's own rarely has a host name for every bucket.
    return session.client("s3", region_name=region, config=_BY_PATH)


def pricing_client() -> "PricingClient":
    """A client of the Price List API.

    Raises:
        BotoCoreError: when a profile cannot be used.
    """
    return _session().client("pricing", region_name=_PRICE_LIST_REGION, config=_CONFIG)


def ec2_client(region: str) -> "EC2Client":
    """A client of EC2 in a region.

    Raises:
        BotoCoreError: when a profile or the region cannot be used.
    """
    return _session().client("ec2", region_name=region, config=_CONFIG)


def quotas_client(region: str) -> QuotasClient:
    """A client of Service Quotas in a region.

    Raises:
        BotoCoreError: when a profile or the region cannot be used.
    """
    return _session().client("service-quotas", region_name=region, config=_CONFIG)


def aws_regions() -> Sequence[str]:
    """Every region of AWS that botocore knows, as far as the public partition goes."""
    return _session().get_available_regions("ec2")


def _session() -> _Session:
    return cast("_Session", boto3.Session())
