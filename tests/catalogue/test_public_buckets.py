"""Where nodes are sent by registries and repositories, behind the VPC's S3 endpoint."""

from collections.abc import Mapping

import pytest

from tokenfleet.catalogue.hardware import engines
from tokenfleet.catalogue.public_buckets import public_buckets
from tokenfleet.plan.network import plan_network
from tokenfleet.settings.sections import NetworkSettings

# bucket of each region that differs from the rule: kubernetes/registry.k8s.io, buckets.go
LAYERS: Mapping[str, str] = {
    "us-east-1": "prod-registry-k8s-io-us-east-1",
    "eu-west-2": "767373bbdcb8270361b96548387bf2a9ad0d48758c35-eu-west-2",
}


@pytest.mark.parametrize("engine", list(engines()))
def test_every_registry_that_engines_come_from_is_known(engine: str) -> None:
    registry = engines()[engine].image.partition("/")[0]
    assert registry in {row.registry for row in public_buckets()}


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
