"""How many vCPUs an account may run at once, by code of the quota."""

from collections.abc import Mapping

from tokenfleet.aws.advice.facts import Quota
from tokenfleet.aws.client import QuotasClient


def vcpu_quotas(client: QuotasClient) -> Mapping[str, Quota]:
    """EC2's quotas as they are applied to the account, by code; among them those of vCPUs."""
    return {
        str(row["QuotaCode"]): Quota(name=str(row["QuotaName"]), vcpus=float(row["Value"]))
        for page in client.get_paginator("list_service_quotas").paginate(ServiceCode="ec2")
        for row in page["Quotas"]
        if "Value" in row
    }
