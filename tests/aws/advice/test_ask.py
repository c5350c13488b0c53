"""What an account is asked, and how its answers are read: moto, and answers that botocore checks."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.account import Account, Parameters, Refused, metrics, opened, quotas
from tokenfleet.aws.advice.ask import ask
from tokenfleet.aws.advice.asking import AdviceError
from tokenfleet.aws.advice.facts import Answers, MachineImage, Question, Quota, SpotHistory, Tier
from tokenfleet.aws.client import ec2_client

NOW = dt.datetime(2026, 11, 29, 12, 34, 56, tzinfo=dt.UTC)
KINDS = ["c8g.4xlarge", "m8g.4xlarge", "inf2.8xlarge"]


def _tier(market: str) -> Tier:
    assert market in ("spot", "on-demand")
    return Tier(pool="pool", market=market, instance_types=KINDS, nodes=7)


QUESTION = Question(
    region="us-east-1",
    zones=["us-east-1a", "us-east-1c"],
    instance_types=KINDS,
    tiers=[_tier("spot"), _tier("on-demand")],
    image_ids=[],
)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account that has everything."""
    with opened(monkeypatch) as found:
        yield found


def _ask() -> Answers:
    return ask(QUESTION, NOW)


def test_zones_and_offers_are_by_id(account: Account) -> None:
    found = _ask()
    assert found.zone_ids
    assert found.offers
    assert found.zone_ids["us-east-1a"] == "use1-az6"
    assert found.offers["inf2.8xlarge"] == {"use1-az2", "use1-az4", "use1-az5", "use1-az6"}
    assert account.parameters_of("DescribeInstanceTypeOfferings")[0]["LocationType"] == (
        "availability-zone-id"
    )


def test_a_week_of_prices_is_asked_of_types_on_spot(account: Account) -> None:
    found = _ask()
    (asked,) = account.parameters_of("DescribeSpotPriceHistory")
    assert sorted(asked["InstanceTypes"]) == sorted(KINDS)
    assert (asked["StartTime"], asked["EndTime"]) == (NOW - dt.timedelta(days=7), NOW)
    assert found.prices
    assert found.prices["c8g.4xlarge"]["us-east-1a"].now_usd > 0


def test_the_period_of_capacity_manager_divides_its_range_of_whole_hours(account: Account) -> None:
    _ask()
    every = account.parameters_of("GetCapacityManagerMetricData")
    assert len(every) == 2
    for asked in every:
        span = (asked["EndTime"] - asked["StartTime"]).total_seconds()
        assert span % asked["Period"] == 0
        assert asked["Period"] % 3600 == 0
        assert (asked["EndTime"].minute, asked["EndTime"].second) == (0, 0)
        # Interruptions have no dimension of types.
        assert asked["GroupBy"] == ["availability-zone-id"]


def test_what_one_metric_is_refused_leaves_the_others(account: Account) -> None:
    def without_fulfilment(asked: Parameters) -> Parameters:
        found = metrics(asked, {"use1-az6": 4.5})
        rows = [row for row in found["MetricDataResults"] if len(row["MetricValues"]) > 1]
        return {"MetricDataResults": rows}

    account.answers["GetCapacityManagerMetricData"] = without_fulfilment
    assert _ask().history == {
        "use1-az6": SpotHistory(
            interrupted_percent=4.5, hours_before_interruption=4.5, fulfilled_percent=None
        )
    }


def test_both_markets_are_scored_in_the_zones_of_the_stack(account: Account) -> None:
    found = _ask()
    assert found.supportability == {("pool", "spot"): "high", ("pool", "on-demand"): "high"}
    for asked in account.parameters_of("GetCapacityManagerSupportabilityScores"):
        assert asked["CapacityAvailabilityZoneIds"] == ["use1-az6", "use1-az2"]
        assert asked["CapacityAmount"] == 7


def test_an_image_that_the_account_may_not_use_is_absent_and_the_others_are_said(
    account: Account,
) -> None:
    elsewhere = "ami-0123456789abcdef0"
    ec2 = ec2_client("us-east-1")
    known = ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])
    here = known["Images"][0]
    ids = [here.get("ImageId", ""), elsewhere]
    found = ask(replace(QUESTION, image_ids=ids), NOW).images
    root = here.get("BlockDeviceMappings", [])[0]
    size = root.get("Ebs", {}).get("VolumeSize", 0)
    assert size
    assert found == {
        ids[0]: MachineImage(
            architecture="x86_64",
            state="available",
            gib_by_device={root.get("DeviceName", ""): size},
        )
    }
    # Nobody is asked about images where the stack file gives none.
    asked = len(account.parameters_of("DescribeImages"))
    assert (_ask().images, len(account.parameters_of("DescribeImages"))) == ({}, asked)


def test_quotas_are_by_code(account: Account) -> None:
    account.answers["ListServiceQuotas"] = lambda _: quotas({"L-417A185B": 96.0})
    found = _ask().quotas
    assert found == {"L-417A185B": Quota(name="Running On-Demand P instances", vcpus=96)}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("UnauthorizedOperation", "ListServiceQuotas was denied: these credentials need"),
        ("AccessDeniedException", "ListServiceQuotas was denied: these credentials need"),
        ("TooManyRequestsException", "was answered TooManyRequestsException: no."),
    ],
)
def test_a_call_that_fails_names_itself_and_its_permission(
    code: str, said: str, account: Account
) -> None:
    account.answers["ListServiceQuotas"] = Refused(code)
    found = _ask()
    (line,) = found.not_known
    assert said in line
    assert "servicequotas:ListServiceQuotas" in line
    assert found.quotas is None
    assert found.offers


def test_credentials_that_end_meanwhile_end_it(account: Account) -> None:
    account.answers["ListServiceQuotas"] = Refused("ExpiredTokenException")
    with pytest.raises(AdviceError, match="does not accept these credentials"):
        _ask()
