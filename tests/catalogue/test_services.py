"""What must hold for the prices of services, releases and engines."""

import datetime as dt
import re
from typing import get_args

import pytest

from tokenfleet.catalogue.machines.instances import priced_regions
from tokenfleet.catalogue.places.services import ServiceName, ServicePrice, service_prices
from tokenfleet.catalogue.pulled.releases import ami_release, chart_release

EVERY = pytest.mark.parametrize(
    "price", [pytest.param(price, id=name) for name, price in service_prices().items()]
)


def test_every_service_that_is_billed_has_a_price() -> None:
    assert set(service_prices()) == set(get_args(ServiceName))


@EVERY
def test_every_price_is_positive(price: ServicePrice) -> None:
    assert price.by_region
    assert all(row.usd > 0 for row in price.by_region.values())


@EVERY
def test_every_price_is_of_a_known_region(price: ServicePrice) -> None:
    assert price.by_region.keys() <= priced_regions()


@EVERY
def test_every_price_has_a_source_and_is_not_from_the_future(price: ServicePrice) -> None:
    for row in price.by_region.values():
        assert dt.date(2024, 1, 1) <= row.date <= dt.datetime.now(dt.UTC).date()
        assert row.source


@EVERY
def test_ireland_is_never_cheaper_than_virginia(price: ServicePrice) -> None:
    virginia = price.by_region["us-east-1"]
    assert price.by_region.get("eu-west-1", virginia).usd >= virginia.usd


# Those without a price for a region would stop a bill instead of leaving a gap in it.
@pytest.mark.parametrize("name", ["gp3Gib", "gp3Iops", "gp3Throughput"])
def test_volumes_are_priced_in_every_known_region(name: ServiceName) -> None:
    assert service_prices()[name].by_region.keys() == priced_regions()


@pytest.mark.parametrize(
    ("architecture", "variant"),
    [("arm64", "standard"), ("x86_64", "neuron"), ("x86_64", "nvidia")],
)
def test_an_image_is_named_by_release_and_never_by_what_is_recommended(
    architecture: str, variant: str
) -> None:
    image = ami_release().parameter("1.35", architecture, variant)
    assert image.startswith("/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/")
    assert f"/{architecture}/{variant}/" in image
    assert ami_release().release in image
    assert "recommended" not in image


@pytest.mark.parametrize(
    "chart", ["cluster-autoscaler", "nvidia-device-plugin", "neuron-helm-chart"]
)
def test_a_chart_is_pinned_to_one_version(chart: str) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", chart_release(chart).version)
