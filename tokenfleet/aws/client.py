"""The S3 client: patient, addressed and signed as the environment says."""

import os
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_CONFIG = Config(
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=16,
    retries={"mode": "standard", "total_max_attempts": 6},
    tcp_keepalive=True,
)
_BY_PATH = _CONFIG.merge(Config(s3={"addressing_style": "path"}))


class _Session(Protocol):
    """The one method used here; boto3's own stubs name every service there is."""

    def client(self, service_name: str, *, region_name: str | None, config: Config) -> "S3Client":
        """A client of one service."""
        ...


def s3_client() -> "S3Client":
    """A client of S3, or of the server that AWS_ENDPOINT_URL_S3 names.

    Raises:
        BotoCoreError: when a profile or the region cannot be used.
        ValueError: when the endpoint is no address.
    """
    # boto3 itself reads AWS_DEFAULT_REGION alone; every other SDK and the loader read AWS_REGION.
    region = os.environ.get("AWS_REGION")
    session = cast("_Session", boto3.Session())
    client = session.client("s3", region_name=region, config=_CONFIG)
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return client
    # A server of one's own rarely has a host name for every bucket.
    return session.client("s3", region_name=region, config=_BY_PATH)
