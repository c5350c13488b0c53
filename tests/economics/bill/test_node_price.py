"""What an hour of a node costs by tier, type and source of the price."""

import datetime as dt
from collections.abc import Mapping

import pytest

from tests.economics.stacks import plan_of
from tokenfleet.catalogue.facts import Price, data_file
from tokenfleet.catalogue.machines.instances import on_demand_price
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.catalogue.places.spot import RegionalSpotPrices, spot_saving
from tokenfleet.economics.bill import node_price as module
from tokenfleet.economics.bill.node_price import hourly_range, node_price
from tokenfleet.economics.bill.scenario import Buying
from tokenfleet.economics.bill.volumes import volumes_price
from tokenfleet.plan.nodes.disks import VolumePlan
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.ranges import Range

VIRGINIA = Prices(region="us-east-1")
SPOT = {"spot": {"max": 3}}
C8GD = 0.78384


def group_of(*types: str, tiers: Mapping[str, object] | None = None) -> NodeGroupPlan:
    """The first tier of dev's pool, of those types."""

    def edit(keys: dict[str, dict[str, dict[str, object]]]) -> None:
        keys["pools"]["graviton4"]["instanceTypes"] = list(types)
        keys["pools"]["graviton4"]["tiers"] = tiers or SPOT

    return plan_of("dev", edit).node_groups_by_pool["graviton4"][0]


def usd_of(group: NodeGroupPlan, buying: Buying | None = None) -> Range:
    """The price of a node of it, which is known."""
    usd = node_price(group, VIRGINIA, buying or Buying()).usd
    assert usd
    return usd


def test_without_fetched_prices_spot_is_what_an_old_saving_allows_and_never_above_list() -> None:
    usd, saving = usd_of(group_of("c8gd.4xlarge")), spot_saving("c8gd.4xlarge", "us-east-1")
    assert saving
    assert usd.expected == pytest.approx(C8GD * (1 - saving.share))
    assert usd.low < usd.expected < usd.high <= C8GD
    priced = node_price(group_of("c8gd.4xlarge"), VIRGINIA, Buying())
    assert priced.date == dt.date(2025, 6, 28)
    assert "Spot Advisor" in priced.source


def test_a_type_with_a_small_saving_is_capped_at_its_list_price() -> None:
    saving = spot_saving("m8g.48xlarge", "us-east-1")
    assert saving
    assert saving.share < 0.5
    assert usd_of(group_of("m8g.48xlarge")).high == on_demand_price("m8g.48xlarge", "us-east-1").usd


def test_a_given_price_may_be_above_list() -> None:
    dear = Buying(spot_usd_per_hour={"c8gd.4xlarge": Range(low=1, expected=2, high=9)})
    assert usd_of(group_of("c8gd.4xlarge"), dear).high == 9


def test_a_tier_of_several_types_spans_them_all() -> None:
    types = ("c8gd.4xlarge", "m8gd.4xlarge")
    each = [usd_of(group_of(kind)) for kind in types]
    both = usd_of(group_of(*types))
    assert both.low == min(usd.low for usd in each)
    assert both.expected == pytest.approx(sum(usd.expected for usd in each) / 2)
    assert both.high == max(usd.high for usd in each)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> RegionalSpotPrices:
    """Prices as a refresh writes them: one type, three zones, two of which the stack has."""
    prices = RegionalSpotPrices(
        date=dt.date(2026, 11, 21),
        source="fetched",
        usd_by_zone_by_type={
            "c8gd.4xlarge": {"us-east-1a": 0.2, "us-east-1b": 0.3, "us-east-1f": 0.9}
        },
    )
    monkeypatch.setattr(module, "spot_prices", {"us-east-1": prices}.get)
    return prices


@pytest.mark.usefixtures("fetched")
def test_a_fetched_price_is_that_of_the_zones_of_the_tier() -> None:
    priced = node_price(group_of("c8gd.4xlarge"), VIRGINIA, Buying())
    assert priced.usd == Range(low=0.2, expected=0.25, high=0.3)
    assert (priced.source, priced.date) == ("fetched", dt.date(2026, 11, 21))


@pytest.mark.usefixtures("fetched")
def test_what_is_given_replaces_what_was_fetched() -> None:
    given = Buying(spot_usd_per_hour={"c8gd.4xlarge": Range(low=0.1, expected=0.2, high=0.3)})
    assert usd_of(group_of("c8gd.4xlarge"), given).expected == 0.2


@pytest.mark.usefixtures("fetched")
def test_a_tier_says_every_source_and_the_oldest_date_of_its_types() -> None:
    priced = node_price(group_of("c8gd.4xlarge", "m8gd.4xlarge"), VIRGINIA, Buying())
    assert "fetched; " in priced.source
    assert "Spot Advisor" in priced.source
    assert priced.date == dt.date(2025, 6, 28)


def test_nothing_is_fetched_in_the_catalogue_as_committed_or_it_is_dated() -> None:
    text = data_file("spot_prices.json")
    assert '"regions": {}' in text or '"date": "20' in text


TIERS: Mapping[str, tuple[Mapping[str, int], float, float]] = {
    # c8gd.4xlarge 0.78384, m8gd.4xlarge 0.92256 an hour; 40 GiB of gp3 are 3.20 a month. On
    # demand the type listed first is asked for first.
    "on-demand": ({"min": 2, "max": 5}, 2 * (0.92256 + 3.2 / 730), 5 * (0.92256 + 3.2 / 730)),
    # c8gd.4xlarge saves 64 %, and a price fell to 0.6 of what such a saving promised.
    "spot": ({"min": 1, "max": 3}, C8GD * 0.36 * 0.6 + 3.2 / 730, 3 * (0.92256 + 3.2 / 730)),
}


@pytest.mark.parametrize(("option", "row"), TIERS.items(), ids=TIERS)
def test_a_tier_costs_between_its_fewest_cheapest_and_most_dearest_nodes(
    option: str, row: tuple[Mapping[str, int], float, float]
) -> None:
    bounds, least, most = row
    group = group_of("m8gd.4xlarge", "c8gd.4xlarge", tiers={option: dict(bounds)})
    hourly = hourly_range(group, VIRGINIA, Buying())
    assert (hourly.least_usd, hourly.most_usd) == (pytest.approx(least), pytest.approx(most))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_group_costs_less_at_its_most_than_at_its_least(stack: str) -> None:
    for groups in plan_of(stack).node_groups_by_pool.values():
        for group in groups:
            hourly = hourly_range(group, VIRGINIA, Buying())
            assert hourly.least_usd is not None
            assert hourly.most_usd
            assert 0 <= hourly.least_usd <= hourly.most_usd, group.physical_name


@pytest.mark.parametrize(
    ("volume", "region", "usd"),
    [
        pytest.param((40, 3000, 125), "us-east-1", 3.20, id="only what is included"),
        pytest.param((100, 3000, 125), "us-east-1", 8.00, id="size"),
        pytest.param((100, 4000, 125), "us-east-1", 13.00, id="1,000 IOPS more"),
        pytest.param((100, 3000, 1000), "us-east-1", 43.00, id="875 MiB/s more"),
        pytest.param((89, 4000, 1000), "us-east-1", 47.12, id="everything"),
        pytest.param((100, 2000, 100), "us-east-1", 8.00, id="nothing back for using less"),
        pytest.param((89, 4000, 1000), "eu-west-1", 51.832, id="Ireland"),
        pytest.param((89, 4000, 1000), "us-west-2", 47.12, id="Oregon"),
    ],
)
def test_a_volume_costs_its_size_and_what_exceeds_the_included(
    volume: tuple[int, int, int], region: str, usd: float
) -> None:
    size, iops, throughput = volume
    planned = VolumePlan(size_gib=size, iops=iops, throughput_mib_per_second=throughput)
    price = volumes_price([planned], Prices(region=region))
    assert price
    assert price.usd == pytest.approx(usd)


def test_a_volume_in_an_unknown_region_has_no_price() -> None:
    planned = VolumePlan(size_gib=40, iops=3000, throughput_mib_per_second=125)
    assert volumes_price([planned], Prices(region="eu-south-2")) is None


def test_a_price_that_is_given_goes_before_the_catalogues() -> None:
    usd = Price(usd=0.5, source="an offer", date=dt.date(2026, 11, 1))
    prices = Prices(region="us-east-1", given={"c8gd.4xlarge": usd, "gp3Gib": usd})
    assert prices.on_demand("c8gd.4xlarge") == prices.service("gp3Gib") == usd
    on_demand = group_of("c8gd.4xlarge", tiers={"on-demand": {"max": 3}})
    priced = node_price(on_demand, prices, Buying())
    assert (priced.usd, priced.source) == (Range(low=0.5, expected=0.5, high=0.5), "an offer")


def test_a_given_price_on_demand_bounds_the_price_on_spot_and_a_given_one_is_that() -> None:
    half = Price(usd=C8GD / 2, source="an offer", date=dt.date(2026, 11, 1))
    group = group_of("c8gd.4xlarge")
    spot = node_price(group, Prices(region="us-east-1", given={"c8gd.4xlarge": half}), Buying()).usd
    assert spot
    assert spot.high <= half.usd
    assert spot.expected == pytest.approx(usd_of(group).expected / 2)
    given = Prices(region="us-east-1", given_spot={"c8gd.4xlarge": half})
    exact = node_price(group, given, Buying()).usd
    assert exact == Range(low=half.usd, expected=half.usd, high=half.usd)


def test_a_price_that_nobody_knows_is_none() -> None:
    assert Prices(region="eu-south-2").on_demand("c8gd.4xlarge") is None
    assert Prices(region="eu-south-2").service("natGateway") is None
