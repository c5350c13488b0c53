"""What must hold for what spot costs: prices by zone, older savings."""

import pytest

from tokenfleet.catalogue.facts import CatalogueError
from tokenfleet.catalogue.machines.instances import instance_type, instance_types, priced_regions
from tokenfleet.catalogue.places.spot import spot_drift, spot_prices, spot_saving


@pytest.mark.parametrize("region", sorted(priced_regions()))
def test_every_type_that_can_be_spot_has_a_saving_in_every_known_region(region: str) -> None:
    for name, kind in instance_types().items():
        if "spot" in kind.usage_classes and region in kind.usd_per_hour:
            saving = spot_saving(name, region)
            assert saving, name
            assert 0.2 <= saving.share <= 0.9, name
            assert saving.source, name


@pytest.mark.parametrize(
    ("name", "region", "percent", "source"),
    [
        pytest.param("c8gd.4xlarge", "us-east-1", 64, "2025-06-28", id="a type of the feed"),
        pytest.param("p5.48xlarge", "us-east-1", 57, "2026-09-20", id="the later of two"),
        pytest.param("p5.4xlarge", "us-west-2", 46, "median of the p5 types", id="by its family"),
        pytest.param("p6-b200.48xlarge", "us-west-2", 67, "median of all types", id="by all"),
    ],
)
def test_a_saving_is_of_the_type_or_says_of_what_else(
    name: str, region: str, percent: float, source: str
) -> None:
    saving = spot_saving(name, region)
    assert saving
    assert saving.share == pytest.approx(percent / 100)
    assert source in saving.source


def test_a_region_nobody_looked_at_has_no_saving() -> None:
    assert spot_saving("c8g.4xlarge", "eu-south-2") is None


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(CatalogueError, match="unknown instance type"):
        spot_saving("c8gd.4xlargee", "us-east-1")


def test_what_a_price_drifts_by_includes_staying_as_it_is() -> None:
    drift = spot_drift()
    assert 0 < drift.low <= 1 <= drift.high


def test_fetched_prices_are_of_known_types_in_zones_of_their_region() -> None:
    for region in priced_regions():
        if fetched := spot_prices(region):
            for name, by_zone in fetched.usd_by_zone_by_type.items():
                assert instance_type(name)
                assert by_zone
                assert all(zone.startswith(region) and usd > 0 for zone, usd in by_zone.items())
