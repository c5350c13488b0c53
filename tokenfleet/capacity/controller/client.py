"""Clients of AWS, as the pod's identity."""

from typing import Any, cast

import boto3
from botocore.config import Config


def aws_client(service: str, region: str, *, read_seconds: float) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """A client that gives up soon: whoever looks every few seconds asks again anyway."""
    config = Config(
        connect_timeout=5,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
    return cast("Any", boto3).client(service, region_name=region, config=config)
