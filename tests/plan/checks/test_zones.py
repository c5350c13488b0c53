"""Zone ids, and instance types that the zones behind them do not offer."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tokenfleet.mistakes import StackError
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.zones import zone_notes

Keys = dict[str, Any]
PlanOf = Callable[[Mapping[str, Any]], Plan]
A, B, C = "us-east-1a", "us-east-1b", "us-east-1c"
INF2 = "pools.inferentia2"
RESERVED = {"max": 1, "reservation": {"capacityReservationId": "cr-01234567", "zone": A}}

# ids of the prod stack's zones: where the mistake is, and a part of it
BAD: Mapping[str, tuple[Mapping[str, str], str, str]] = {
    "one without an id": ({A: "use1-az1", B: "use1-az2"}, "network.zoneIds", "give one for every"),
    "another zone": (
        {A: "use1-az1", B: "use1-az2", C: "use1-az4", "us-east-1d": "use1-az6"},
        "network.zoneIds.us-east-1d",
        "is not among network.zones",
    ),
    "one id twice": (
        {A: "use1-az1", B: "use1-az2", C: "use1-az2"},
        f"network.zoneIds.{C}",
        "is the id of two zones. aws ec2 describe-availability-zones",
    ),
    "a zone without EKS": (
        {A: "use1-az1", B: "use1-az2", C: "use1-az3"},
        f"network.zoneIds.{C}",
        "EKS takes no subnet",
    ),
    "no such zone": (
        {A: "use1-az1", B: "use1-az2", C: "use1-az9"},
        f"network.zoneIds.{C}",
        "its zones with EKS are use1-az1, use1-az2",
    ),
    "no id": ({A: "a", B: "use1-az2", C: "use1-az4"}, f"network.zoneIds.{A}", "such as use1-az1"),
}


def with_ids(keys: Keys, *numbers: int) -> Keys:
    """The stack in zones with these numbers, one letter after the other."""
    zones = {f"us-east-1{letter}": f"use1-az{n}" for letter, n in zip("abc", numbers, strict=False)}
    keys["network"] |= {"zones": list(zones), "zoneIds": zones}
    return keys


def mistakes(keys: Keys, plan_of: PlanOf) -> Mapping[str, str]:
    with pytest.raises(StackError) as raised:
        plan_of(keys)
    return {mistake.path: mistake.problem for mistake in raised.value.mistakes}


@pytest.mark.parametrize(("ids", "path", "part"), BAD.values(), ids=list(BAD))
def test_ids_that_cannot_be_are_refused(
    ids: Mapping[str, str],
    path: str,
    part: str,
    keys_of: Callable[[str], Keys],
    plan_of: PlanOf,
) -> None:
    keys = keys_of("prod")
    keys["network"]["zoneIds"] = ids
    assert part in mistakes(keys, plan_of)[path]


def test_offers_are_not_judged_by_ids_that_are_refused(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("prod")
    keys["network"]["zoneIds"] = {A: "usw2-az1", B: "use1-az3", C: "use1-az4"}
    found = mistakes(keys, plan_of)
    assert list(found) == [f"network.zoneIds.{A}", f"network.zoneIds.{B}"]
    assert "its zones with EKS are use1-az1, use1-az2, use1-az4" in found[f"network.zoneIds.{A}"]


def test_a_type_that_no_zone_of_the_stack_offers_is_refused(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = with_ids(keys_of("prod"), 1, 4)
    keys["pools"]["inferentia2"] = {
        "hardware": "l4",
        "instanceTypes": ["g6.8xlarge", "gr6.8xlarge"],
        "tiers": {"spot": {"max": 4}},
    }
    keys["pools"]["h100"] = {
        "hardware": "b200",
        "instanceTypes": ["p6-b200.48xlarge"],
        "tiers": {"on-demand": {"max": 4}},
    }
    found = mistakes(keys, plan_of)
    path = "pools.h100.instanceTypes[0]"
    assert (
        "none of the stack's zones (us-east-1a is use1-az1, us-east-1b is use1-az4)" in found[path]
    )
    assert "it is offered in use1-az6: add such a zone" in found[path]


def test_a_reservation_in_a_zone_without_its_types_is_refused(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = with_ids(keys_of("prod"), 1, 2, 4)
    keys["pools"]["inferentia2"]["tiers"]["reserved"] = RESERVED
    problem = mistakes(keys, plan_of)[f"{INF2}.tiers.reserved.reservation.zone"]
    assert "is use1-az1, which offers none of inf2.8xlarge" in problem


def test_a_pool_that_only_some_zones_offer_is_noted_and_how_to_spread_it(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    (note,) = zone_notes(plan_of(with_ids(keys_of("prod"), 1, 2, 4)))
    assert "Pool inferentia2: no node can start in us-east-1a (use1-az1)" in note
    assert "use1-az2, use1-az4, use1-az5, use1-az6 do" in note


def test_zones_that_offer_everything_are_not_spoken_of(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    assert not list(zone_notes(plan_of(with_ids(keys_of("prod"), 2, 4, 6))))
    assert not list(zone_notes(plan_of(keys_of("dev"))))


def test_without_ids_what_cannot_be_checked_is_said(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    (note,) = zone_notes(plan_of(keys_of("prod")))
    assert "inf2.8xlarge can be had in use1-az2, use1-az4, use1-az5, use1-az6 only" in note
    assert "is not checked: say it in network.zoneIds (aws ec2 describe-availability-zones" in note


def test_a_region_whose_zones_nobody_asked_is_said_to_be_unknown(
    keys_of: Callable[[str], Keys], plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody_asked(_region: str) -> list[str]:
        return []

    monkeypatch.setattr("tokenfleet.preview.zones.zone_ids", nobody_asked)
    (note,) = zone_notes(plan_of(keys_of("prod")))
    assert "is not known here: tokenfleet catalogue refresh --region us-east-1" in note
