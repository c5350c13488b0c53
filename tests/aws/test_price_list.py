"""What is read from the AWS price list, and what is said when it cannot be."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import botocore.session
import pytest
from botocore.config import Config

from tests.aws.fake_price_list import FakePriceList, Product, instance, product, services
from tokenfleet.aws import client as clients
from tokenfleet.aws.price_list import PriceError, PriceList
from tokenfleet.catalogue.places.services import service_prices

# Waiting between attempts is botocore's.
_ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePriceList]:
    """A price list that the client asks instead of AWS's; a refused client does not try again."""
    with FakePriceList([]) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", running.endpoint)
        monkeypatch.setattr(clients, "_CONFIG", _ONCE)
        yield running


def _list(region: str = "us-east-1") -> PriceList:
    return PriceList(clients.pricing_client(), region)


def test_the_documents_of_the_tests_are_like_those_that_botocore_documents() -> None:
    loader = botocore.session.get_session().get_component("data_loader")
    examples = loader.load_service_model("pricing", "examples-1")["examples"]["GetProducts"]
    documented = json.loads(examples[0]["output"]["PriceList"][0])
    made = product("AmazonEC2", "Storage", {"usagetype": "EBS:VolumeUsage.gp3"}, "0.08")

    def shape(value: object) -> object:
        if isinstance(value, dict):
            keys = cast("dict[str, object]", value)
            # Names made of a SKU are not the same twice.
            return {key if "." not in key else "": shape(part) for key, part in keys.items()}
        return type(value)

    made_attributes = made["product"].pop("attributes")
    attributes = documented["product"].pop("attributes")
    assert shape(made) == shape(documented)
    assert {
        "usagetype",
        "locationType",
        "servicecode",
    } <= made_attributes.keys() & attributes.keys()


def test_every_page_of_instances_is_read(fake: FakePriceList) -> None:
    fake.products = [instance(f"c8g.{n}xlarge", "us-east-1", f"0.{n:03}") for n in range(1, 251)]
    assert _list().on_demand() == {f"c8g.{n}xlarge": n / 1000 for n in range(1, 251)}
    # Three pages of virtual machines, one of bare metal.
    assert fake.requests == 4


def test_only_linux_on_shared_hosts_of_the_region_is_read(fake: FakePriceList) -> None:
    fake.products = [
        instance("c8g.large", "us-east-1", "0.07976"),
        instance("c8g.large", "us-west-2", "9"),
        instance("c8g.large", "us-east-1", "9", operatingSystem="RHEL"),
        instance("c8g.large", "us-east-1", "9", tenancy="Host"),
        instance("c8g.large", "us-east-1", "9", capacitystatus="AllocatedCapacityReservation"),
        instance("c8g.large", "us-east-1", "9", marketoption="CapacityBlock"),
        instance("c8g.large", "us-east-1", "9", locationType="AWS Local Zone"),
        instance("c8g.metal-24xl", "us-east-1", "4.3"),
        instance("p5e.48xlarge", "us-east-1", "0.0000000000"),
    ]
    assert _list().on_demand() == {"c8g.large": 0.07976, "c8g.metal-24xl": 4.3}


def test_two_prices_for_one_type_are_refused(fake: FakePriceList) -> None:
    fake.products = [
        instance("c8g.large", "us-east-1", "0.07"),
        instance("c8g.large", "us-east-1", "0.08", licenseModel="another"),
    ]
    with pytest.raises(PriceError, match=re.escape("2 prices for c8g.large: 0.07, 0.08")):
        _list().on_demand()


def test_every_service_of_the_catalogue_has_a_price_in_the_catalogue_s_unit(
    fake: FakePriceList,
) -> None:
    fake.products = services()
    found = _list().services()
    assert found == {
        name: pytest.approx(price.by_region["us-east-1"].usd)
        for name, price in service_prices().items()
    }


@pytest.mark.parametrize(
    ("region", "usage", "usd"),
    [
        ("us-east-1", "NatGateway-Hours", 0.1),
        ("us-west-2", "USW2-NatGateway-Hours", 0.1),
        ("eu-west-1", "EU-NatGateway-Hours", 0.1),
        ("eu-central-1", "EUC1-NatGateway-Hours", 0.1),
        ("us-east-1", "us-east-1-NatGateway-Hours", 0.1),
        ("us-east-1", "NatGateway-Hours-Other", None),
        ("us-east-1", "USE1-Regional-NatGateway-Hours", None),
        ("us-east-1", "us-west-2-NatGateway-Hours", None),
    ],
)
def test_a_usage_type_may_begin_with_its_region(
    region: str, usage: str, usd: float | None, fake: FakePriceList
) -> None:
    attributes = {"regionCode": region, "usagetype": usage}
    fake.products = [product("AmazonEC2", "NAT Gateway", attributes, "0.1")]
    assert _list(region).services().get("natGateway") == usd


def _without(key: str) -> Product:
    broken: dict[str, Any] = instance("c8g.large", "us-east-1", "0.07")
    del broken[key]
    return broken | {"serviceCode": "AmazonEC2", "product": broken.get("product", {})}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(_without("terms"), id="no terms"),
        pytest.param(instance("c8g.large", "us-east-1", "seven"), id="a price that is no number"),
    ],
)
def test_a_document_of_another_form_is_refused(broken: Product, fake: FakePriceList) -> None:
    fake.products = [broken]
    with pytest.raises(PriceError, match="not as AWS documents it"):
        _list().on_demand()


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (
            (400, "AccessDeniedException", "not authorized to perform: pricing:GetProducts"),
            ["access denied to the AWS price list", "pricing:GetProducts", "not authorized"],
        ),
        (
            (400, "ThrottlingException", "Rate exceeded"),
            ["takes no more requests now (ThrottlingException)", "try again in a minute"],
        ),
        (
            (400, "UnrecognizedClientException", "The security token is invalid."),
            ["does not accept these credentials: The security token", "aws sso login"],
        ),
        (
            (400, "ExpiredTokenException", "The security token is expired"),
            ["does not accept these credentials", "aws sso login"],
        ),
        (
            (500, "InternalErrorException", "sorry"),
            ["GetProducts was answered InternalErrorException: sorry"],
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_and_the_way_out(
    refusal: tuple[int, str, str], said: list[str], fake: FakePriceList
) -> None:
    fake.refusal = refusal
    with pytest.raises(PriceError) as refused:
        _list().on_demand()
    assert not [part for part in said if part not in str(refused.value)], str(refused.value)
    assert fake.endpoint in str(refused.value) or refusal[0] == 500


def test_without_credentials_it_says_how_to_log_in(
    monkeypatch: pytest.MonkeyPatch, fake: FakePriceList
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(PriceError, match=r"no AWS credentials(.|\n)*aws sso login"):
        _list().on_demand()
    assert fake.requests == 0
