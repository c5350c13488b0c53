"""boto3's clients of the stand-in: one attempt a call, so that what it answers is seen."""

from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol, cast, overload

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_events import EventBridgeClient
    from types_boto3_sqs import SQSClient

_ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


class _Session(Protocol):
    """The methods used here; boto3's own stubs name every service there is."""

    @overload
    def client(
        self, service_name: Literal["autoscaling"], *, endpoint_url: str, config: Config
    ) -> "AutoScalingClient": ...
    @overload
    def client(
        self, service_name: Literal["ec2"], *, endpoint_url: str, config: Config
    ) -> "EC2Client": ...
    @overload
    def client(
        self, service_name: Literal["events"], *, endpoint_url: str, config: Config
    ) -> "EventBridgeClient": ...
    @overload
    def client(
        self, service_name: Literal["sqs"], *, endpoint_url: str, config: Config
    ) -> "SQSClient": ...


class Clients:
    """The clients of one caller, each made when it is first used."""

    def __init__(self, endpoint: str, region: str, access_key: str) -> None:
        self._endpoint = endpoint
        self._session = cast(
            "_Session",
            boto3.Session(
                aws_access_key_id=access_key,
                aws_secret_access_key=access_key,  # nobody checks it
                region_name=region,
            ),
        )

    @cached_property
    def autoscaling(self) -> "AutoScalingClient":
        """Of Auto Scaling."""
        return self._session.client("autoscaling", endpoint_url=self._endpoint, config=_ONCE)

    @cached_property
    def ec2(self) -> "EC2Client":
        """Of EC2."""
        return self._session.client("ec2", endpoint_url=self._endpoint, config=_ONCE)

    @cached_property
    def events(self) -> "EventBridgeClient":
        """Of EventBridge."""
        return self._session.client("events", endpoint_url=self._endpoint, config=_ONCE)

    @cached_property
    def sqs(self) -> "SQSClient":
        """Of SQS."""
        return self._session.client("sqs", endpoint_url=self._endpoint, config=_ONCE)
