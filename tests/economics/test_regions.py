"""Regions: what is offered and asked for there is known and dated, or the way to know it is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tokenfleet.catalogue.machines.instances import on_demand_price
from tokenfleet.catalogue.places.services import service_prices
from tokenfleet.catalogue.places.zones import asked_on, is_offered
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import stack_cost
from tokenfleet.mistakes import StackError
from tokenfleet.plan.decide import decide
from tokenfleet.preview.prices import gap_notes

Keys = dict[str, Any]

# A type of each kind of hardware that the region has; what is priced of services may lack one.
REGIONS = {
    "us-east-1": ("c8gd.4xlarge", "p5.4xlarge", "g6e.xlarge", "inf2.8xlarge", "c7g.4xlarge"),
    "us-east-2": ("c8gd.4xlarge", "p5.4xlarge", "g6e.xlarge", "inf2.8xlarge", "c7g.4xlarge"),
    "us-west-2": ("c8gd.4xlarge", "p5.4xlarge", "g6e.xlarge", "inf2.8xlarge", "c7g.4xlarge"),
    "eu-west-1": ("c8gd.4xlarge", "g5.xlarge", "inf2.8xlarge", "c7g.4xlarge"),
    "eu-central-1": ("c8gd.4xlarge", "g6e.xlarge", "g5.xlarge", "inf2.8xlarge", "c7g.4xlarge"),
    "ap-northeast-1": ("c8gd.4xlarge", "g6e.xlarge", "inf2.8xlarge", "c7g.4xlarge"),
    "ap-southeast-2": ("c8gd.4xlarge", "g6.xlarge", "inf2.8xlarge", "c7g.4xlarge"),
    "ap-south-1": ("m8g.4xlarge", "g6.xlarge", "inf2.8xlarge", "c7g.4xlarge"),
}


@pytest.mark.parametrize(
    ("region", "name"), [(region, name) for region, names in REGIONS.items() for name in names]
)
def test_what_is_offered_is_priced_and_both_are_dated(region: str, name: str) -> None:
    assert is_offered(name, region)
    assert asked_on(region)
    price = on_demand_price(name, region)
    assert price.usd > 0
    assert price.date
    assert price.source


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("family", ["c8gd", "c8g"])
def test_a_stack_is_priced_or_the_command_that_asks_for_the_rest_is_named(
    region: str, family: str, keys_of: Callable[[str], Keys], root: Path
) -> None:
    keys = keys_of("dev")
    keys["region"] = region
    keys["network"]["zones"] = [f"{region}a", f"{region}b"]
    keys["pools"]["graviton4"]["instanceTypes"] = [f"{family}.4xlarge"]
    refresh = f"tokenfleet catalogue refresh --region {region}"
    try:
        plan = decide(keys, "dev", root)
    except StackError as error:
        # A type that the region does not have: where it is, and how to ask again.
        (mistake,) = error.mistakes
        assert not is_offered(f"{family}.4xlarge", region)
        assert mistake.path == "pools.graviton4.instanceTypes[0]"
        assert refresh in mistake.problem
        return
    bill = stack_cost(plan, WhatIf()).bill.expected
    assert bill.usd_per_month > 100
    notes = list(gap_notes(bill.gaps, region))
    assert bool(notes) == bool(bill.gaps)
    assert all(refresh.replace("refresh", "refresh --only prices") in note for note in notes)


@pytest.mark.parametrize("region", REGIONS)
def test_nearly_every_service_has_a_price(region: str) -> None:
    unpriced = [name for name, row in service_prices().items() if row.price(region) is None]
    assert len(unpriced) <= 1
