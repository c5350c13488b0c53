"""The default rule of scaling does on a lab's day what it was chosen for, and the simulator what the lab's did."""

import dataclasses
import math
from collections.abc import Mapping

import pytest

from bench.elasticity import LAB, Case, default, hours_at, played
from tokenfleet.elasticity.outcome import Outcome

START = 180
_RATES = (0.65, 0.7, 0.75)
# One of the days that the bench takes the mean of; others differ by what spikes they have.
_SEED = 2


@pytest.fixture(scope="module")
def day() -> Mapping[str, Outcome]:
    """The default rule, and what stands beside it, on one day."""
    plain = Case(name="default", start=START, policy=default(START))
    cases = [
        plain,
        dataclasses.replace(plain, name="by event", by_event=True),
        dataclasses.replace(plain, name="longer", longer=1.5),
        *(dataclasses.replace(plain, name=f"rate {rate}", rate=rate) for rate in _RATES),
        dataclasses.replace(plain, name="rate longer", rate=0.7, longer=1.5),
    ]
    found = played(_SEED, cases)
    return {case.name: outcome for case, outcome in zip(cases, found, strict=True)}


def test_of_those_admitted_99_in_100_are_in_time_event_by_event(day: Mapping[str, Outcome]) -> None:
    assert day["by event"].within >= 0.99


@pytest.mark.parametrize("name", ["default", "by event"])
def test_one_in_200_is_shed_at_most_with_63_in_100_slots_in_use(
    name: str, day: Mapping[str, Outcome]
) -> None:
    assert day[name].shed <= 0.005
    assert day[name].utilisation >= 0.63


def test_a_request_rate_takes_more_hours_to_shed_as_little(day: Mapping[str, Outcome]) -> None:
    hours = hours_at(day["default"].shed, [day[f"rate {rate}"] for rate in _RATES])
    assert day["default"].replica_hours <= 0.96 * hours


def test_longer_answers_than_it_was_tuned_for_do_little_harm(day: Mapping[str, Outcome]) -> None:
    assert day["longer"].shed <= 0.015
    assert day["rate longer"].shed > 5 * day["longer"].shed


@pytest.mark.parametrize(("target", "down", "by_start"), LAB)
def test_another_simulator_found_the_same(
    target: float, down: int, by_start: Mapping[int, tuple[float, int, float]]
) -> None:
    shed, hours, used = by_start[START]
    policy = dataclasses.replace(
        default(START),
        target=target,
        spare_share=math.inf,
        average_seconds=60,
        down_window_seconds=down,
        down_percent=0,
    )
    (found,) = played(1, [Case(name="lab's", start=START, policy=policy)])
    assert found.replica_hours == pytest.approx(hours, rel=0.05)
    assert found.utilisation == pytest.approx(used, abs=0.03)
    # A day's spikes are eight draws: other days differ by half.
    assert 100 * found.shed == pytest.approx(shed, rel=0.5)
