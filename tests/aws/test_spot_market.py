"""What EC2 is asked about spot, and how it is read: against moto's EC2."""

import datetime as dt
from collections.abc import Iterator

import botocore.session
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from tokenfleet.aws.client import ec2_client
from tokenfleet.aws.price_list import PriceError
from tokenfleet.aws.spot_market import SpotMarket

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


@pytest.fixture
def moto() -> Iterator[None]:
    """EC2 as moto plays it, with the offers of every region as recorded from AWS."""
    with mock_aws():
        yield


@pytest.mark.usefixtures("moto")
def test_prices_are_by_type_and_zone_of_the_region() -> None:
    found = SpotMarket(ec2_client("us-west-2"), "us-west-2").prices(
        ["c8g.4xlarge", "p5.48xlarge"], NOW
    )
    assert set(found) == {"c8g.4xlarge", "p5.48xlarge"}
    for by_zone in found.values():
        assert by_zone
        assert all(zone.startswith("us-west-2") and usd > 0 for zone, usd in by_zone.items())


@pytest.mark.usefixtures("moto")
@pytest.mark.parametrize(
    ("region", "kind", "zones"),
    [
        ("us-east-1", "inf2.8xlarge", {"use1-az2", "use1-az4", "use1-az5", "use1-az6"}),
        ("eu-west-1", "p4d.24xlarge", {"euw1-az2"}),
        ("eu-west-1", "p5.48xlarge", None),
    ],
)
def test_what_a_region_offers_is_known_by_zone_id(
    region: str, kind: str, zones: set[str] | None
) -> None:
    assert SpotMarket(ec2_client(region), region).zones().get(kind) == zones


def test_the_latest_of_two_prices_counts() -> None:
    client = ec2_client("us-east-1")
    loader = botocore.session.get_session().get_component("data_loader")
    examples = loader.load_service_model("ec2", "examples-1")["examples"]
    (documented,) = examples["DescribeSpotPriceHistory"]
    row = documented["output"]["SpotPriceHistory"][0]
    older, newer = (
        {**row, "SpotPrice": usd, "Timestamp": dt.datetime(2026, 11, day, tzinfo=dt.UTC)}
        for usd, day in (("0.080000", 1), ("0.070000", 2))
    )
    asked = {
        "InstanceTypes": ["m1.xlarge"],
        "ProductDescriptions": ["Linux/UNIX", "Linux/UNIX (Amazon VPC)"],
        "StartTime": NOW,
    }
    with Stubber(client) as stubbed:
        for rows in ([older, newer], [newer, older]):
            stubbed.add_response("describe_spot_price_history", {"SpotPriceHistory": rows}, asked)
            found = SpotMarket(client, "us-east-1").prices(["m1.xlarge"], NOW)
            assert found == {"m1.xlarge": {"us-west-1a": 0.07}}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("UnauthorizedOperation", "these credentials need ec2:DescribeSpotPriceHistory"),
        ("RequestLimitExceeded", "try again in a minute"),
        ("AuthFailure", "or enable us-east-1 for the account"),
        ("InternalError", "DescribeSpotPriceHistory was answered InternalError"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_the_way_out(code: str, said: str) -> None:
    client = ec2_client("us-east-1")
    with Stubber(client) as stubbed:
        stubbed.add_client_error("describe_spot_price_history", code, "no")
        with pytest.raises(PriceError) as refused:
            SpotMarket(client, "us-east-1").prices(["c8g.large"], NOW)
    assert said in str(refused.value)
