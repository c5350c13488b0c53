"""Commitments over a bill: an hour is paid once, and what is unused is paid too."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.economics.stacks import RESERVATION, bill_of, line_of, plan_of, with_tiers
from tokenfleet.economics.bill.commitments import (
    Commitment,
    ReservedInstances,
    SavingsPlan,
    with_commitments,
)
from tokenfleet.economics.bill.forecast import forecast
from tokenfleet.economics.bill.lines import Bill
from tokenfleet.economics.bill.scenario import Buying, Scenario
from tokenfleet.estimate.refusal import CostError

C8GD = 0.78384
SPOT = "graviton4 nodes on spot"
DEMAND = "graviton4 nodes on demand, c8gd.4xlarge"


@cache
def four_and_two() -> Bill:
    """Dev with two replicas on demand and two on spot, and its m8g.large."""
    tiers = {"spot": {"max": 4}, "on-demand": {"max": 4}}
    plan = plan_of("dev", with_tiers("graviton4", tiers))
    scenario = Scenario(replicas={"qwen3-4b": 4}, buying=Buying(spot_share=0.5))
    return forecast(plan, scenario).expected


def savings(usd: float, family: str | None = None, **by_type: float) -> SavingsPlan:
    """A Savings Plan of a year; ``c8gd_4xlarge=0.3`` is its saving of that type."""
    return SavingsPlan(
        name="compute" if family is None else family,
        usd_per_hour=usd,
        years=1,
        saving_by_type={kind.replace("_", "."): saving for kind, saving in by_type.items()},
        source="a quote",
        date=dt.date(2026, 11, 1),
        family=family,
    )


def reserved(count: int, usd: float, kind: str = "c8gd.4xlarge") -> ReservedInstances:
    """Reserved Instances of a year."""
    return ReservedInstances(
        name="reserved",
        instance_type=kind,
        count=count,
        usd_per_hour=usd,
        years=1,
        source="a quote",
        date=dt.date(2026, 11, 1),
    )


# commitments: (change of the bill in US dollars an hour, utilisation of each as they are applied)
ROWS: Mapping[str, tuple[Sequence[Commitment], float, Sequence[float]]] = {
    "nothing": ([], 0, []),
    "one reserved of two": ([reserved(1, 0.5)], 0.5 - C8GD, [1]),
    "three reserved for two": ([reserved(3, 0.5)], 1.5 - 2 * C8GD, [2 / 3]),
    "a type that does not run": ([reserved(1, 0.5, "c8g.4xlarge")], 0.5, [0]),
    "a plan that covers half a node": (
        [savings(C8GD * 0.7 / 2, c8gd_4xlarge=0.3)],
        -C8GD * 0.3 / 2,
        [1],
    ),
    "a plan too large": ([savings(2.0, c8gd_4xlarge=0.5)], 2 - 2 * C8GD, [C8GD / 2]),
    "a plan without a rate for what runs": ([savings(1.0, c8g_4xlarge=0.3)], 1.0, [0]),
    "a family's plan goes first": (
        [savings(C8GD * 0.7, c8gd_4xlarge=0.3), savings(C8GD * 0.6, "c8gd", c8gd_4xlarge=0.4)],
        -C8GD * 0.7,
        [1, 1],
    ),
    "reserved first, the plan covers the rest": (
        [savings(C8GD * 0.7, c8gd_4xlarge=0.3), reserved(1, 0.5)],
        0.5 + C8GD * 0.7 - 2 * C8GD,
        [1, 1],
    ),
    "reserved covers all, the plan is idle": (
        [savings(0.4, c8gd_4xlarge=0.3), reserved(2, 0.5)],
        1.0 + 0.4 - 2 * C8GD,
        [1, 0],
    ),
    "the largest saving first": (
        [savings(0.04488, m8g_large=0.5, c8gd_4xlarge=0.1)],
        -0.04488,
        [1],
    ),
    "controllers' nodes are covered too": ([savings(0.04488, m8g_large=0.5)], -0.04488, [1]),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_commitment_changes_the_bill_by_what_it_covers_and_leaves_unused(
    row: tuple[Sequence[Commitment], float, Sequence[float]],
) -> None:
    commitments, change, shares = row
    before = four_and_two()
    after = with_commitments(before, commitments)
    assert after.bill.usd_per_hour - before.usd_per_hour == pytest.approx(change)
    assert [u.share for u in after.utilisations] == [pytest.approx(share) for share in shares]
    saved = sum(u.saved_usd_per_hour for u in after.utilisations)
    assert saved == pytest.approx(-change)


COMMITMENTS = st.lists(
    st.builds(reserved, count=st.integers(1, 4), usd=st.floats(0.1, 0.78))
    | st.builds(
        savings,
        usd=st.floats(0.01, 3),
        family=st.sampled_from([None, "c8gd"]),
        c8gd_4xlarge=st.floats(0, 0.66),
    ),
    max_size=4,
)


def hours_of(bill: Bill, kind: str) -> float:
    """Node-hours of dev's pool in some lines."""
    return sum(row.quantity or 0 for row in bill.lines if row.title.startswith(kind))


@settings(deadline=None)  # the first example reads the catalogue
@given(commitments=COMMITMENTS)
def test_no_hour_is_covered_twice(commitments: Sequence[Commitment]) -> None:
    before = four_and_two()
    after = with_commitments(before, commitments)
    assert hours_of(after.bill, DEMAND) == pytest.approx(hours_of(before, DEMAND)) == 2
    listed = sum(u.saved_usd_per_hour + u.usd_per_hour for u in after.utilisations)
    assert listed <= 2 * C8GD + 1e-9
    for used in after.utilisations:
        assert -1e-9 <= used.used_usd_per_hour <= used.usd_per_hour + 1e-9
    assert sum(after.bill.usd_per_hour_by_cause.values()) == pytest.approx(after.bill.usd_per_hour)


@settings(deadline=None)
@given(commitments=COMMITMENTS, again=COMMITMENTS)
def test_what_is_covered_is_not_covered_again(
    commitments: Sequence[Commitment], again: Sequence[Commitment]
) -> None:
    once = with_commitments(four_and_two(), commitments).bill
    twice = with_commitments(once, again).bill
    settled = [row for row in once.lines if ", by " in row.title]
    assert all(row in twice.lines for row in settled)
    assert hours_of(twice, DEMAND) == pytest.approx(2)


def test_spot_is_never_covered() -> None:
    after = with_commitments(four_and_two(), [savings(99.0, c8gd_4xlarge=0.3)])
    assert line_of(after.bill, SPOT) == line_of(four_and_two(), SPOT)


def test_a_capacity_reservation_is_covered_and_a_capacity_block_is_not() -> None:
    for block in (False, True):
        reservation = {**RESERVATION, "capacityBlock": block}
        tiers = {"reserved": {"max": 1, "reservation": reservation}, "on-demand": {"max": 3}}
        bill = bill_of(plan_of("prod", with_tiers("h100", tiers)))
        after = with_commitments(bill, [reserved(1, 4.0, "p5.4xlarge")])
        assert [u.share for u in after.utilisations] == [0 if block else 1]


def test_unused_commitments_are_idle_and_shared() -> None:
    after = with_commitments(four_and_two(), [reserved(3, 0.5)]).bill
    unused = line_of(after, "reserved (1 year), unused")
    assert unused.usd_per_hour_by_cause == {"idle": pytest.approx(0.5)}
    assert unused.pool is None
    assert unused.source == "a quote"


def test_a_bill_without_prices_for_its_nodes_is_left_alone() -> None:
    bill = four_and_two()
    unpriced = replace(
        bill, lines=[replace(line, usd_per_unit=None, usd_per_hour=None) for line in bill.lines]
    )
    after = with_commitments(unpriced, [reserved(2, 0.5)])
    assert [u.share for u in after.utilisations] == [0]
    assert len(after.bill.gaps) == len(bill.lines)


@pytest.mark.parametrize(
    ("usd", "family", "kind", "saving", "problem"),
    [
        (0.0, None, "c8gd.4xlarge", 0.3, "nothing that can be committed"),
        (float("inf"), None, "c8gd.4xlarge", 0.3, "nothing that can be committed"),
        (1.0, None, "c8gd.4xlarge", 0.67, "between 0 and 66%"),
        (1.0, "c8gd", "c8gd.4xlarge", 0.73, "between 0 and 72%"),
        (1.0, None, "c8gd.4xlarge", -0.1, "between 0 and 66%"),
        (1.0, "c8g", "c8gd.4xlarge", 0.3, "not of the family c8g"),
    ],
)
def test_a_commitment_that_nobody_sells_is_refused(
    usd: float, family: str | None, kind: str, saving: float, problem: str
) -> None:
    with pytest.raises(CostError, match=problem):
        savings(usd, family, **{kind.replace(".", "_"): saving})


def test_no_reserved_instances_are_refused() -> None:
    with pytest.raises(CostError, match="reserved: 0 is nothing"):
        reserved(0, 0.5)
