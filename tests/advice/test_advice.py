"""What blocks a stack, what only warns, and what is not known and therefore neither."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from tests.own_stacks import own_stack
from tokenfleet.advice.advice import Advice, advise
from tokenfleet.advice.question import question_of
from tokenfleet.aws.advice.facts import Answers, Quota, SpotPrice
from tokenfleet.plan.decide import plan_of
from tokenfleet.plan.stack import Plan

ZONE_IDS = {"us-east-1a": "use1-az6", "us-east-1b": "use1-az1", "us-east-1c": "use1-az2"}
EVERYWHERE = frozenset(ZONE_IDS.values())
CODES = [
    "L-1216C47A",
    "L-34B43A08",
    "L-1945791B",
    "L-B5D1601B",
    "L-417A185B",
    "L-7212CCBC",
]


@cache
def _plan(stack: str) -> Plan:
    return plan_of(own_stack(stack))


def _quotas(**vcpus: float) -> Mapping[str, Quota]:
    every = dict.fromkeys(CODES, 10_000.0) | {
        name.replace("_", "-"): value for name, value in vcpus.items()
    }
    return {code: Quota(name=f"Quota {code}", vcpus=value) for code, value in every.items()}


def _price(usd: float) -> Mapping[str, SpotPrice]:
    price = SpotPrice(now_usd=usd, week_low_usd=usd, week_mean_usd=usd, week_high_usd=usd)
    return dict.fromkeys(ZONE_IDS, price)


def _well(plan: Plan) -> Answers:
    """Everything is there, and spot costs what the bill takes."""
    kinds = question_of(plan).instance_types
    assumed = {kind.instance_type: kind.assumed_usd or 0 for tier in _spot(plan) for kind in tier}
    return Answers(
        zone_ids=ZONE_IDS,
        offers=dict.fromkeys(kinds, EVERYWHERE),
        prices={kind: _price(usd) for kind, usd in assumed.items()},
        scores={"graviton4": dict.fromkeys(EVERYWHERE, 9)},
        history=None,
        supportability={},
        quotas=_quotas(),
        images={},
        not_known=[],
        asked_at=dt.datetime(2026, 11, 29, tzinfo=dt.UTC),
    )


def unknown() -> Answers:
    return Answers(
        zone_ids=None,
        offers=None,
        prices=None,
        scores={},
        history=None,
        supportability={},
        quotas=None,
        images=None,
        not_known=["nothing"],
        asked_at=dt.datetime(2026, 11, 29, tzinfo=dt.UTC),
    )


def _spot(plan: Plan) -> list[Any]:
    return [tier.types for tier in advise(plan, unknown()).spot]


def _advise(**changed: Any) -> Advice:  # noqa: ANN401 - fields of several types
    plan = _plan("prod")
    return advise(plan, replace(_well(plan), **changed))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_an_account_that_has_everything_is_fine(stack: str) -> None:
    plan = _plan(stack)
    found = advise(plan, _well(plan))
    assert (found.findings, found.missing_offers, found.blocked) == ([], [], False)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_what_is_not_known_neither_blocks_nor_warns(stack: str) -> None:
    found = advise(_plan(stack), unknown())
    assert (found.findings, found.blocked) == ([], False)
    assert found.not_known == ["nothing"]
    assert {need.quota_vcpus for need in found.quotas} == {None}


@pytest.mark.parametrize(
    ("changed", "level", "about", "problem"),
    [
        (
            {"zone_ids": {"us-east-1a": "use1-az6", "us-east-1b": "use1-az1"}},
            "blocks",
            "network.zones",
            "us-east-1c is no zone that this account may use",
        ),
        (
            {"zone_ids": ZONE_IDS | {"us-east-1c": "use1-az3"}},
            "blocks",
            "network.zones",
            "us-east-1c is use1-az3, in which EKS takes no subnet",
        ),
        ({"quotas": _quotas(L_1216C47A=5)}, "blocks", "L-1216C47A", "starts with 6 of them"),
        ({"quotas": _quotas(L_1216C47A=6)}, "warns", "L-1216C47A", "192 short"),
        ({"quotas": _quotas(L_417A185B=0)}, "warns", "L-417A185B", "32 short"),
        (
            {"quotas": _quotas(L_417A185B=0, L_7212CCBC=15)},
            "blocks",
            "h100",
            "holds a single node of p5.4xlarge",
        ),
        (
            {"scores": {"graviton4": dict.fromkeys(EVERYWHERE, 3)}},
            "warns",
            "graviton4",
            "10 spot nodes are unlikely to be found in any one zone: the best placement score is 3",
        ),
        (
            {"supportability": {("h100", "spot"): "low"}},
            "warns",
            "h100",
            "less than 4 nodes of its types on spot",
        ),
        (
            {"supportability": {("h100", "on-demand"): "unsupported"}},
            "warns",
            "h100",
            "on demand now",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_account_lacks_is_found(
    changed: dict[str, Any], level: str, about: str, problem: str
) -> None:
    found = _advise(**changed)
    assert any(
        (each.level, each.about) == (level, about) and problem in each.problem
        for each in found.findings
    )
    assert found.blocked == (level == "blocks")


@pytest.mark.parametrize(
    ("zones", "levels"),
    [
        (["use1-az4"], ["blocks"]),
        ([], ["blocks"]),
        (["use1-az6", "use1-az1"], ["warns"]),
        (sorted(EVERYWHERE), []),
    ],
    ids=["elsewhere", "nowhere", "in two of three", "everywhere"],
)
def test_a_pool_of_one_type_depends_on_where_that_is_offered(
    zones: list[str], levels: list[str]
) -> None:
    offers = dict.fromkeys(question_of(_plan("prod")).instance_types, EVERYWHERE)
    found = _advise(offers=offers | {"p5.4xlarge": frozenset(zones)})
    assert [each.level for each in found.findings] == levels
    assert {each.about for each in found.findings} <= {"h100"}
    missing = {each.instance_type: each.zones for each in found.missing_offers}
    lacking = [zone for zone, zone_id in ZONE_IDS.items() if zone_id not in zones]
    assert missing == ({"p5.4xlarge": lacking} if lacking else {})


def test_a_type_that_some_zone_lacks_is_listed_and_no_finding_where_others_do() -> None:
    offers = dict.fromkeys(question_of(_plan("prod")).instance_types, EVERYWHERE)
    found = _advise(offers=offers | {"c8g.8xlarge": frozenset({"use1-az6"})})
    assert not found.findings
    (missing,) = found.missing_offers
    assert (missing.pool, missing.zones) == ("graviton4", ["us-east-1b", "us-east-1c"])


def test_every_quota_counts_all_tiers_at_once_and_the_largest_types() -> None:
    needs = {need.code: need for need in _advise().quotas}
    most = {code: need.most_vcpus for code, need in needs.items()}
    # 3 system nodes of 2, and 6 of 32 vCPUs; on spot 10 of 32; 4 and 2 nodes of 16, 4 and 4 of 32.
    assert most == {
        "L-1216C47A": 3 * 2 + 6 * 32,
        "L-34B43A08": 10 * 32,
        "L-417A185B": 2 * 16,
        "L-7212CCBC": 4 * 16,
        "L-1945791B": 4 * 32,
        "L-B5D1601B": 4 * 32,
    }
    assert {code: need.at_first_vcpus for code, need in needs.items() if need.at_first_vcpus} == {
        "L-1216C47A": 6
    }


def test_the_quota_of_p5_on_spot_counts_where_the_account_lists_it() -> None:
    found = _advise(quotas=_quotas(L_C4BD4855=0, L_7212CCBC=0))
    codes = {need.code: need.most_vcpus for need in found.quotas}
    assert codes["L-C4BD4855"] == 4 * 16
    assert "L-7212CCBC" not in codes


def test_a_quota_that_the_account_does_not_list_is_said_and_blocks_nothing() -> None:
    quotas = {code: quota for code, quota in _quotas().items() if code != "L-417A185B"}
    found = _advise(quotas=quotas)
    assert not found.findings
    assert found.not_known == [
        "L-417A185B (Running On-Demand P instances): not known, Service Quotas does not list it."
    ]


@pytest.mark.parametrize(
    ("usd", "problem"),
    [
        (6.80, "spot costs 99% of on demand at the least"),
        (0.50, "spot prices are far from what the bill takes: p5.4xlarge"),
    ],
)
def test_a_price_that_makes_spot_a_bad_idea_or_the_bill_wrong_warns(
    usd: float, problem: str
) -> None:
    prices = dict(_well(_plan("prod")).prices or {})
    found = _advise(prices=prices | {"p5.4xlarge": _price(usd)})
    assert any(problem in each.problem for each in found.findings)
    assert {each.about for each in found.findings} == {"h100"}
    assert not found.blocked


def test_a_type_that_no_zone_sells_on_spot_warns() -> None:
    prices = dict(_well(_plan("prod")).prices or {})
    del prices["c8g.8xlarge"]
    (found,) = _advise(prices=prices).findings
    assert found.problem == "no zone of the stack has a spot price of c8g.8xlarge"
