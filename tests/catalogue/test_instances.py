"""What must hold between the facts about instance types, and claims about single ones."""

import re
from collections.abc import Callable, Mapping
from typing import get_args

import pytest

from tokenfleet.catalogue.facts import CatalogueError, data_file
from tokenfleet.catalogue.machines.hardware import Hardware, engines, hardware_by_name
from tokenfleet.catalogue.machines.instances import (
    InstanceType,
    instance_type,
    instance_types,
    on_demand_price,
    priced_regions,
)
from tokenfleet.catalogue.places.regions import regions
from tokenfleet.catalogue.places.services import service_prices
from tokenfleet.catalogue.places.zones import is_offered, regions_offering
from tokenfleet.settings.hardware import Hardware as HardwareName

EVERY_HARDWARE = pytest.mark.parametrize(
    "hardware", [pytest.param(row, id=name) for name, row in hardware_by_name().items()]
)

PRICED = (
    "us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1",
    "eu-north-1", "ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "ap-south-1",
    "ca-central-1", "sa-east-1",
)  # fmt: skip

# shared/facts/aws.md, 1.1: us-east-1 on demand, base Gbit/s, disks, accelerators.
CLAIMS: Mapping[str, tuple[float, float, tuple[int, int] | None, tuple[str, int] | None]] = {
    "c6i.4xlarge": (0.680, 6.25, None, None),
    "c7g.4xlarge": (0.580, 7.5, None, None),
    "c8g.4xlarge": (0.63808, 7.5, None, None),
    "c8gd.4xlarge": (0.78384, 7.5, (1, 950), None),
    "c8gd.8xlarge": (1.56768, 15, (1, 1900), None),
    "c8gd.16xlarge": (3.13536, 30, (2, 1900), None),
    "c8gd.24xlarge": (4.70304, 40, (3, 1900), None),
    "r8g.48xlarge": (11.31072, 50, None, None),
    "inf2.xlarge": (0.7582, 2.083, None, ("Inferentia2", 1)),
    "inf2.8xlarge": (1.96786, 16.667, None, ("Inferentia2", 1)),
    "inf2.24xlarge": (6.49063, 50, None, ("Inferentia2", 6)),
    "inf2.48xlarge": (12.98127, 100, None, ("Inferentia2", 12)),
    "g6.xlarge": (0.8048, 2.5, (1, 250), ("L4", 1)),
    "g6e.2xlarge": (2.24208, 5, (1, 450), ("L40S", 1)),
    "p5.4xlarge": (6.88, 100, (1, 3800), ("H100", 1)),
    "p5.48xlarge": (55.04, 3200, (8, 3800), ("H100", 8)),
    "p5en.48xlarge": (63.296, 3200, (8, 3800), ("H200", 8)),
    "p4d.24xlarge": (21.957642, 400, (8, 1000), ("A100", 8)),
    "p6-b200.48xlarge": (113.9328, 3200, (8, 3800), ("B200", 8)),
}
# shared/facts/aws.md, 1.3: size decides, not family.
LAYOUTS: Mapping[str, tuple[int, int]] = {
    "c8gd.medium": (1, 59),
    "m8gd.12xlarge": (3, 950),
    "r8gd.16xlarge": (2, 1900),
    "c8gd.48xlarge": (6, 1900),
    "m8gd.metal-24xl": (3, 1900),
    "trn1.32xlarge": (4, 1900),
    "g5.24xlarge": (1, 3800),
    "g5.48xlarge": (2, 3800),
    "g6.8xlarge": (2, 450),
    "g6.16xlarge": (2, 940),
    "g6.48xlarge": (8, 940),
    "g6e.16xlarge": (2, 950),
    "g6e.12xlarge": (2, 1900),
    "g6e.48xlarge": (4, 1900),
    "g7e.48xlarge": (4, 3800),
    "p4de.24xlarge": (8, 1000),
    "p5e.48xlarge": (8, 3800),
}
DISKLESS = ("c7g", "c8g", "c8gn", "m8g", "r8g", "x8g", "c6i", "c7i", "c8i", "inf2")
NOT_IN_IRELAND = ("g6", "g6e", "gr6", "g7", "g7e", "trn1", "p4de", "p5", "p5e", "p5en", "p6-b200")


def those(wrong: Callable[[InstanceType], bool]) -> list[str]:
    """The types of which something is true that must not be."""
    return [name for name, kind in instance_types().items() if wrong(kind)]


def test_every_price_is_positive_and_has_a_source() -> None:
    assert those(lambda kind: any(usd <= 0 for usd in kind.usd_per_hour.values())) == []
    for name, kind in instance_types().items():
        assert kind.usd_per_hour.keys() == kind.price_sources.keys(), name
        assert all(on_demand_price(name, region).source for region in kind.usd_per_hour), name


def test_a_type_has_prices_only_where_it_is_offered() -> None:
    for name, kind in instance_types().items():
        assert all(is_offered(name, region) for region in kind.usd_per_hour), name


def test_a_type_carries_the_name_of_its_family() -> None:
    assert those(lambda kind: kind.instance_type.partition(".")[0] != kind.family) == []


def test_no_type_has_more_base_than_peak_network() -> None:
    assert those(lambda kind: not 0 < kind.network_baseline_gbps <= kind.network_gbps) == []


def test_every_type_has_room_for_pods_and_a_way_to_be_bought() -> None:
    assert those(lambda kind: kind.max_pods < 4 or not kind.usage_classes) == []


def test_graviton_has_a_core_for_every_vcpu() -> None:
    assert those(lambda k: k.architecture == "arm64" and k.threads_per_core != 1) == []


def test_ranks_share_the_memory_of_their_devices() -> None:
    devices = [kind.accelerator for kind in instance_types().values() if kind.accelerator]
    assert devices
    for device in devices:
        memory = device.count * device.memory_gib_each
        assert device.ranks * device.memory_gib_per_rank == pytest.approx(memory)


@EVERY_HARDWARE
def test_every_family_of_a_kind_of_hardware_carries_it(hardware: Hardware) -> None:
    for family in hardware.families:
        kinds = [kind for kind in instance_types().values() if kind.family == family]
        assert kinds, family
        assert all(hardware.runs_on(kind) for kind in kinds), family
        assert {kind.architecture for kind in kinds} == {hardware.architecture}, family


@EVERY_HARDWARE
def test_every_kind_of_hardware_has_an_engine_that_fits_it(hardware: Hardware) -> None:
    engine = engines()[hardware.engine]
    assert bool(engine.resource) == bool(hardware.device)
    assert re.search(r"20\d\d-\d\d-\d\d", hardware.source)
    assert engine.image.rpartition(":")[2] not in {"", "latest"}


def test_no_family_belongs_to_two_kinds_of_hardware() -> None:
    families = [family for row in hardware_by_name().values() for family in row.families]
    assert len(set(families)) == len(families)


@pytest.mark.parametrize(
    ("name", "claim"), [pytest.param(*row, id=row[0]) for row in CLAIMS.items()]
)
def test_a_type_is_what_was_found_out_about_it(
    name: str, claim: tuple[float, float, tuple[int, int] | None, tuple[str, int] | None]
) -> None:
    kind = instance_type(name)
    assert claim == (
        on_demand_price(name, "us-east-1").usd,
        pytest.approx(kind.network_baseline_gbps, abs=0.001),
        kind.local_nvme and (kind.local_nvme.count, kind.local_nvme.gb_each),
        kind.accelerator and (kind.accelerator.name, kind.accelerator.count),
    )


@pytest.mark.parametrize(("name", "disks"), LAYOUTS.items(), ids=LAYOUTS)
def test_disks_are_laid_out_by_size(name: str, disks: tuple[int, int]) -> None:
    found = instance_type(name).local_nvme
    assert found
    assert (found.count, found.gb_each) == disks


@pytest.mark.parametrize("family", DISKLESS)
def test_a_family_without_a_d_has_no_disks(family: str) -> None:
    kinds = [kind for kind in instance_types().values() if kind.family == family]
    assert kinds
    assert not any(kind.local_nvme for kind in kinds)


@pytest.mark.parametrize("family", NOT_IN_IRELAND)
def test_what_ireland_lacks_is_known(family: str) -> None:
    kinds = [kind for kind in instance_types().values() if kind.family == family]
    assert kinds
    assert all(is_offered(kind.instance_type, "eu-west-1") is False for kind in kinds)


def test_inferentia2_has_two_cores_of_sixteen_gib_each() -> None:
    devices = instance_type("inf2.24xlarge").accelerator
    assert devices
    assert (devices.ranks, devices.memory_gib_per_rank) == (12, 16)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        pytest.param("c8gd.4xlargee", "'c8gd.4xlarge'", id="a letter too many"),
        pytest.param("C8GD.4XLARGE", "'c8gd.4xlarge'", id="capitals"),
        pytest.param("p5.4xlrge", "'p5.4xlarge'", id="a letter too few"),
    ],
)
def test_an_unknown_type_is_refused_with_the_nearest_name(wrong: str, meant: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        on_demand_price(wrong, "us-east-1")
    assert meant in str(refused.value)
    assert "instances.json" in str(refused.value)


def test_an_unknown_price_is_refused_and_never_guessed() -> None:
    with pytest.raises(CatalogueError) as refused:
        on_demand_price("c8gd.4xlarge", "eu-south-2")
    message = str(refused.value)
    assert all(part in message for part in ("us-east-1", "usdPerHour", "instances.json"))


def test_a_type_without_any_price_says_so() -> None:
    with pytest.raises(CatalogueError, match="no region"):
        on_demand_price("p5e.48xlarge", "us-west-2")


def test_a_price_has_the_date_of_its_own_source() -> None:
    sources = {
        on_demand_price("c8g.4xlarge", r).source for r in instance_type("c8g.4xlarge").usd_per_hour
    }
    assert len(sources) > 1
    for region in instance_type("c8g.4xlarge").usd_per_hour:
        price = on_demand_price("c8g.4xlarge", region)
        assert f'"title": "{price.source}", "date": "{price.date}"' in data_file("instances.json")


@pytest.mark.parametrize("region", PRICED)
def test_a_region_people_deploy_to_has_prices_and_offers(region: str) -> None:
    assert region in priced_regions() & regions()
    assert all(
        service.price(region)
        for service in service_prices().values()
        if service.unit != "NLCU-hour"
    )
    assert any(
        kind.local_nvme and region in kind.usd_per_hour for kind in instance_types().values()
    )


def test_offers_are_known_of_regions_that_are() -> None:
    assert priced_regions() <= regions()
    assert regions_offering("c8g.4xlarge")
    assert {*regions_offering("c8g.4xlarge")} <= regions()


def test_a_pool_may_name_whatever_hardware_is_known() -> None:
    assert {*get_args(HardwareName)} == {*hardware_by_name()}
