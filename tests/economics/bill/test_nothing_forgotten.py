"""Whatever the program asks AWS for is in the bill, or known to be free of charge."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pytest

from tests.economics.stacks import bill_of, line_of
from tokenfleet.economics.bill.covered import BILLED, FREE
from tokenfleet.economics.bill.lines import Bill
from tokenfleet.plan.stack import Plan
from tokenfleet.recording.recorded import Mode, RecordedResource, Recording

# One of these is one of that line.
COUNTED = {
    "aws:eks/cluster:Cluster": "EKS control plane",
    "aws:ec2/natGateway:NatGateway": "NAT gateway",
    "aws:ec2/eip:Eip": "public IPv4 address",
    "aws:kms/key:Key": "KMS customer key",
}
# Any of these makes a line, whose amount depends on what goes in.
FILLED = {
    "aws:cloudwatch/logGroup:LogGroup": "CloudWatch Logs, ingested",
    "aws:ecr/repository:Repository": "ECR image storage",
    "aws:s3/bucket:Bucket": "S3 Standard storage",
}
# Interface endpoints by zone; gateway endpoints are free.
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
SERVICE = "kubernetes:core/v1:Service"
GROUP = "aws:autoscaling/group:Group"


def test_what_is_billed_has_a_test_of_its_line() -> None:
    of_aws = {kind for kind in BILLED if kind.startswith("aws:")}
    assert of_aws == COUNTED.keys() | FILLED.keys() | {ENDPOINT, GROUP}
    assert {kind: BILLED[kind] for kind in COUNTED.keys() | FILLED.keys()} == COUNTED | FILLED


def _everything(keys: dict[str, Any]) -> None:
    """What no stack asks for."""
    keys["account"] = "111122223333"
    keys["network"]["interfaceEndpoints"] = ["ecr.api", "ecr.dkr", "sts"]
    credentials = (
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf"
    )
    keys["cluster"]["imageCache"] = {"enabled": True, "dockerHubSecretArn": credentials}


@pytest.fixture(params=["dev", "prod", "prod with everything"])
def built(
    request: pytest.FixtureRequest,
    keys_of: Callable[[str], dict[str, Any]],
    plan_of: Callable[[Mapping[str, Any]], Plan],
    recording_of: Callable[[Mapping[str, Any], Mode], Recording],
) -> tuple[Bill, Plan, Sequence[RecordedResource]]:
    """A stack, or one with all that is paid for: its bill at the fewest replicas, its plan and its resources."""
    stack, _, everything = str(request.param).partition(" with ")
    keys = keys_of(stack)
    if everything:
        _everything(keys)
    plan = plan_of(keys)
    return bill_of(plan), plan, recording_of(keys, "deployment").resources


def test_every_resource_is_billed_or_free(
    built: tuple[Bill, Plan, Sequence[RecordedResource]],
) -> None:
    bill, _, resources = built
    counts = Counter(r.type for r in resources if not (r.is_component or r.is_provider))
    assert counts.keys() <= FREE.keys() | BILLED.keys()
    for kind, title in COUNTED.items():
        assert line_of(bill, title).quantity == counts[kind], title
    for title in (title for kind, title in FILLED.items() if counts[kind]):
        assert line_of(bill, title)


def test_every_endpoint_and_load_balancer_is_billed(
    built: tuple[Bill, Plan, Sequence[RecordedResource]],
) -> None:
    bill, _, resources = built
    zones = [
        len(cast("Sequence[object]", r.inputs["subnetIds"]))
        for r in resources
        if r.type == ENDPOINT and r.inputs["vpcEndpointType"] == "Interface"
    ]
    balancers = [
        r
        for r in resources
        if r.type == SERVICE
        and cast("Mapping[str, object]", r.inputs["spec"]).get("type") == "LoadBalancer"
    ]
    billed = {row.title: row.quantity for row in bill.lines}
    assert billed.get("VPC interface endpoint, one zone", 0) == sum(zones)
    assert billed.get("Network Load Balancer", 0) == len(balancers)


def test_every_node_that_a_group_keeps_and_every_replica_is_billed(
    built: tuple[Bill, Plan, Sequence[RecordedResource]],
) -> None:
    bill, plan, resources = built
    kept = sum(int(cast("int", r.inputs["minSize"])) for r in resources if r.type == GROUP)
    replicas = sum(model.min_replicas for model in plan.models)
    nodes = sum(row.quantity or 0 for row in bill.lines if " nodes" in row.title)
    volumes = sum(row.quantity or 0 for row in bill.lines if row.title.endswith(" volumes"))
    system = sum(group.min_nodes for group in plan.node_groups_by_pool["system"])
    assert nodes == pytest.approx(system + max(kept - system, replicas))
    assert volumes == pytest.approx(nodes)
