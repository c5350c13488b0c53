"""Where nodes are sent by registries and repositories, behind the VPC's S3 endpoint."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tokenfleet.catalogue.pulled.public_buckets import public_buckets
from tokenfleet.plan.network import plan_network
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.sections import NetworkSettings

Keys = dict[str, Any]

# bucket of each region that differs from the rule: kubernetes/registry.k8s.io, buckets.go
LAYERS: Mapping[str, str] = {
    "us-east-1": "prod-registry-k8s-io-us-east-1",
    "eu-west-2": "767373bbdcb8270361b96548387bf2a9ad0d48758c35-eu-west-2",
}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_registry_that_is_pulled_from_is_known(
    stack: str, keys_of: Callable[[str], Keys], plan_of: Callable[[Mapping[str, Any]], Plan]
) -> None:
    images = [pull.name for pull in plan_of(keys_of(stack)).pulls if pull.kind == "image"]
    known = {row.registry for row in public_buckets()}
    # <account>.dkr.ecr.<region>.amazonaws.com
    registries = {image.partition("/")[0] for image in images if ".dkr.ecr." not in image}
    assert registries
    assert registries <= known


@pytest.mark.parametrize("region", list(LAYERS))
def test_what_nodes_read_is_named_for_their_region(region: str) -> None:
    settings = NetworkSettings(zones=(f"{region}a", f"{region}b"))
    plan = plan_network(settings, region=region, cluster_name="c", log_retention_days=1)
    assert set(plan.public_objects) == {
        f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*",
        f"arn:aws:s3:::{LAYERS[region]}/*",
        "arn:aws:s3:::docker-images-prod/*",
        f"arn:aws:s3:::al2023-repos-{region}-de612dc2/*",
    }
