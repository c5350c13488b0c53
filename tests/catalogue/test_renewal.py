"""Fetched prices in the data files: small changes, and none that is hard to believe unseen."""

import datetime as dt
import difflib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tokenfleet.catalogue.facts import data_file
from tokenfleet.catalogue.machines.instances import instance_types
from tokenfleet.catalogue.places.services import parse_service_prices, service_prices
from tokenfleet.catalogue.places.spot import SpotPriceFile
from tokenfleet.catalogue.places.zones import ZoneOfferFile, zones_offering
from tokenfleet.catalogue.renewal import (
    FILES,
    INSTANCES,
    SERVICES,
    SPOT,
    ZONES,
    Fetched,
    Renewal,
    renew,
)

TODAY = dt.date(2026, 12, 24)
REGION = "us-east-1"
TEXTS = {name: data_file(name) for name in FILES}
# What AWS would say if it said what the catalogue says.
AS_IT_IS = Fetched(
    region=REGION,
    zones={
        name: zones
        for name in instance_types()
        for zones in (zones_offering(name, REGION),)
        if zones is not None
    },
    on_demand={
        name: kind.usd_per_hour[REGION]
        for name, kind in instance_types().items()
        if REGION in kind.usd_per_hour
    },
    services={
        name: price.by_region[REGION].usd
        for name, price in service_prices().items()
        if REGION in price.by_region
    },
    spot={"c8g.4xlarge": {"us-east-1b": 0.2, "us-east-1a": 0.1}},
)


def with_prices(**prices: float | None) -> Fetched:
    """As it is, but for some types; None is no price."""
    named = {name.replace("_", ".", 1): usd for name, usd in prices.items()}
    merged: dict[str, float | None] = {**AS_IT_IS.on_demand, **named}
    return replace(AS_IT_IS, on_demand={n: usd for n, usd in merged.items() if usd is not None})


def changed_lines(renewal: Renewal, name: str) -> list[str]:
    """Lines of a file that are new."""
    found = difflib.ndiff(TEXTS[name].splitlines(), renewal.texts[name].splitlines())
    return [line[2:] for line in found if line.startswith("+ ")]


def rows(renewal: Renewal) -> Mapping[str, dict[str, Any]]:
    """Instance types of the renewed file."""
    return {r["instanceType"]: r for r in json.loads(renewal.texts[INSTANCES])["instances"]}


def test_prices_that_did_not_change_change_their_date_and_source_alone() -> None:
    once = renew(TEXTS, AS_IT_IS, TODAY)
    assert not once.changes
    for name, row in rows(once).items():
        before = instance_types()[name]
        assert row["usdPerHour"] == dict(before.usd_per_hour)
        assert row["priceSources"].get(REGION, "awsPriceList.us-east-1") == "awsPriceList.us-east-1"
    for price in parse_service_prices(once.texts[SERVICES]).values():
        assert price.by_region[REGION].date == TODAY
    # From then on a refresh that finds nothing new changes dates alone.
    again = renew(once.texts, AS_IT_IS, TODAY + dt.timedelta(days=1))
    different = [
        new
        for name in FILES
        for old, new in zip(*(r.texts[name].splitlines() for r in (once, again)), strict=True)
        if old != new
    ]
    assert len(different) == 1 + len(AS_IT_IS.services) + 1 + 1
    assert all("2026-12-25" in line for line in different)


def test_the_same_day_again_changes_nothing() -> None:
    once = renew(TEXTS, AS_IT_IS, TODAY)
    assert renew(once.texts, AS_IT_IS, TODAY).texts == once.texts


def test_other_regions_and_other_facts_stay_as_they_are() -> None:
    after = rows(renew(TEXTS, with_prices(c8g_4xlarge=0.65), TODAY))
    for row in json.loads(TEXTS[INSTANCES])["instances"]:
        new = after[row["instanceType"]]
        for key in row.keys() - {"usdPerHour", "priceSources"}:
            assert new[key] == row[key]
        for region in row["usdPerHour"].keys() - {REGION}:
            assert new["usdPerHour"][region] == row["usdPerHour"][region]


def test_a_changed_price_is_one_line_and_is_named() -> None:
    settled = renew(TEXTS, AS_IT_IS, TODAY).texts
    renewed = renew(settled, with_prices(c8g_4xlarge=0.65), TODAY)
    (change,) = renewed.changes
    assert (change.what, change.before, change.after) == ("c8g.4xlarge", 0.63808, 0.65)
    assert change.doubt is None
    before, after = settled[INSTANCES].splitlines(), renewed.texts[INSTANCES].splitlines()
    assert len(before) == len(after)
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


DOUBTS: Mapping[str, tuple[Fetched, str, str | None]] = {
    "half as dear again": (with_prices(c8g_4xlarge=0.63808 * 1.49), "c8g.4xlarge", None),
    "more": (with_prices(c8g_4xlarge=0.63808 * 1.6), "c8g.4xlarge", "changed by +60%"),
    "less than half": (with_prices(c8g_4xlarge=0.63808 * 0.4), "c8g.4xlarge", "changed by -60%"),
    "no price": (with_prices(c8g_4xlarge=None), "c8g.4xlarge", "has no price any more"),
    "not offered": (
        replace(AS_IT_IS, zones={n: z for n, z in AS_IT_IS.zones.items() if n != "c8g.4xlarge"}),
        "c8g.4xlarge",
        "is not offered any more",
    ),
    "a service": (
        replace(AS_IT_IS, services={**AS_IT_IS.services, "natGateway": 0.45}),
        "NAT gateway",
        "changed by +900%",
    ),
    "no service": (
        replace(
            AS_IT_IS,
            services={n: usd for n, usd in AS_IT_IS.services.items() if n != "kmsKey"},
        ),
        "KMS customer key",
        "has no price any more",
    ),
    "spot above on demand": (
        replace(AS_IT_IS, spot={"c8g.4xlarge": {"us-east-1a": 0.7}}),
        "c8g.4xlarge on spot",
        "is dearer on spot than on demand",
    ),
}


@pytest.mark.parametrize("row", DOUBTS.values(), ids=DOUBTS)
def test_what_is_hard_to_believe_is_named_with_the_reason(
    row: tuple[Fetched, str, str | None],
) -> None:
    fetched, what, doubt = row
    (change,) = renew(TEXTS, fetched, TODAY).changes
    assert (change.what, change.doubt, change.region) == (what, doubt, REGION)


def test_a_price_that_is_gone_is_taken_out_and_never_kept() -> None:
    renewed = renew(TEXTS, with_prices(c8g_4xlarge=None), TODAY)
    row = rows(renewed)["c8g.4xlarge"]
    assert REGION not in row["usdPerHour"].keys() | row["priceSources"].keys()
    assert '"c8g.4xlarge"' in renewed.texts[ZONES]


def test_a_source_that_no_price_is_from_any_more_is_taken_out() -> None:
    sources = json.loads(renew(TEXTS, AS_IT_IS, TODAY).texts[INSTANCES])["sources"]
    assert "karpenterPrices" not in sources
    assert {"ec2Api", "usWest2Prices", "awsPriceList.us-east-1"} <= sources.keys()
    assert sources["awsPriceList.us-east-1"]["date"] == "2026-12-24"


def test_a_new_region_gets_offers_and_prices() -> None:
    new = replace(
        AS_IT_IS,
        region="eu-south-2",
        zones={"c8g.4xlarge": frozenset({"eus2-az1"}), "p5.48xlarge": frozenset({"eus2-az2"})},
        on_demand={"c8g.4xlarge": 0.7},
        spot={},
    )
    renewed = renew(TEXTS, new, TODAY)
    after = rows(renewed)
    assert after["c8g.4xlarge"]["usdPerHour"]["eu-south-2"] == 0.7
    assert "eu-south-2" not in after["p5.48xlarge"]["usdPerHour"]
    offered = ZoneOfferFile.model_validate_json(renewed.texts[ZONES]).offered_in("eu-south-2")
    assert offered == {"c8g.4xlarge", "p5.48xlarge"}
    doubts = {change.doubt for change in renewed.changes} - {None}
    assert doubts == {"is not offered any more"}
    assert not SpotPriceFile.model_validate_json(renewed.texts[SPOT]).regions


def test_spot_prices_are_written_a_line_a_type_and_zones_in_order() -> None:
    renewed = renew(TEXTS, AS_IT_IS, TODAY)
    assert '  "c8g.4xlarge": {"us-east-1a": 0.1, "us-east-1b": 0.2}' in changed_lines(renewed, SPOT)
    (row,) = SpotPriceFile.model_validate_json(renewed.texts[SPOT]).regions.values()
    assert row.date == TODAY
    assert "DescribeSpotPriceHistory" in row.source


def test_a_type_that_comes_to_another_zone_is_written_and_others_stay() -> None:
    everywhere = frozenset({"use1-az1", "use1-az2", "use1-az4", "use1-az5", "use1-az6"})
    settled = renew(TEXTS, AS_IT_IS, TODAY).texts
    more = replace(AS_IT_IS, zones={**AS_IT_IS.zones, "inf2.8xlarge": everywhere})
    renewed = renew(settled, more, TODAY)
    before, after = settled[ZONES].splitlines(), renewed.texts[ZONES].splitlines()
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 2
    offers = ZoneOfferFile.model_validate_json(renewed.texts[ZONES]).regions[REGION].offers
    (offer,) = (offer for offer in offers if "inf2.8xlarge" in offer.instance_types)
    assert set(offer.zone_ids) == everywhere
    assert renew(renewed.texts, more, TODAY).texts == renewed.texts


def test_the_heading_of_a_file_stays() -> None:
    before, after = (
        [line for line in texts[SERVICES].splitlines() if line.startswith("#")]
        for texts in (TEXTS, renew(TEXTS, AS_IT_IS, TODAY).texts)
    )
    assert before == after
    assert before
