"""The rule that replicas follow: as many as the load needs, within bounds, with some to spare."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenfleet.plan.scaling.policy import CarriedLoad, ScalingPolicy, plan_scaling


def _policy(slots: int, start: float, least: int, more: int) -> ScalingPolicy:
    return plan_scaling(slots=slots, start_seconds=start, least=least, most=least + more)


POLICIES = st.builds(
    _policy, st.integers(1, 512), st.floats(1, 2000), st.integers(0, 20), st.integers(1, 100)
)
LOADS = st.just(0.0) | st.floats(0.001, 1e5)


@given(POLICIES, LOADS, LOADS)
def test_more_load_never_asks_for_fewer(policy: ScalingPolicy, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert policy.wanted(less) <= policy.wanted(more)


@given(POLICIES, LOADS)
def test_bounds_hold(policy: ScalingPolicy, load: float) -> None:
    assert policy.least <= policy.wanted(load) <= policy.most


@given(POLICIES, LOADS)
def test_replicas_hold_what_is_in_flight_with_room_to_spare(
    policy: ScalingPolicy, load: float
) -> None:
    unbounded = replace(policy, least=0, most=10**9)
    wanted = unbounded.wanted(load)
    assert wanted * policy.each >= load * (1 - 1e-9)
    # One more than they need, or as many again where that is less.
    assert wanted <= load / policy.each + min(policy.spare, load / policy.each) + 1


@given(POLICIES, st.floats(0, 1e4), st.floats(0, 1e6), st.floats(0, 1e4))
def test_a_storm_of_retries_asks_for_no_more_than_as_much_again(
    policy: ScalingPolicy, in_flight: float, shed: float, answer: float
) -> None:
    load = policy.load(in_flight, shed, answer)
    assert in_flight <= load <= max(2 * in_flight, in_flight + policy.each)


def test_what_is_refused_counts_as_if_it_were_in_flight() -> None:
    policy = plan_scaling(slots=16, start_seconds=60, least=1, most=20)
    assert policy.load(160, shed_per_second=2, answer_seconds=10) == pytest.approx(180)


def test_a_handful_of_requests_keeps_a_single_replica() -> None:
    policy = plan_scaling(slots=64, start_seconds=100, least=1, most=3)
    assert [policy.wanted(load) for load in (0, 12, 32, 33, 64, 65)] == [1, 1, 1, 2, 2, 3]


def test_without_load_there_is_none_where_none_may_be() -> None:
    policy = plan_scaling(slots=64, start_seconds=100, least=0, most=3)
    assert policy.wanted(0) == 0
    assert policy.wanted(0.001) == 1


def test_a_longer_start_leaves_more_room_and_waits_longer_before_replicas_go() -> None:
    rules = [
        plan_scaling(slots=64, start_seconds=start, least=1, most=3) for start in (80, 180, 280)
    ]
    targets, windows = [r.target for r in rules], [r.down_window_seconds for r in rules]
    assert targets == sorted(targets, reverse=True)
    assert windows == sorted(windows)
    assert targets[0] > targets[-1]


@given(POLICIES)
def test_the_last_replica_outlives_the_start_it_was_woken_for(policy: ScalingPolicy) -> None:
    start = float(policy.reason.split()[-2])
    assert policy.idle_seconds >= start - 1


# Requests in flight on a replica at the load that it carries, of 64 slots; the start; then what it
# should hold, and the spare as a share of the load.
CARRIED = {
    "as many again fit into its slots": (20, 100, 20, 0),
    "half as many fit": (48, 100, 48, 0.5),
    "room for a longer start is enough": (50, 280, 50, 100 / 51.2 - 1),
    "as many as it has slots": (64, 100, 64, 1),
    "more than it may hold while others start": (60, 280, 51.2, 1),
}


@pytest.mark.parametrize(
    ("in_flight", "start", "each", "spare"), CARRIED.values(), ids=list(CARRIED)
)
def test_a_replica_holds_no_more_than_it_does_at_the_load_that_it_carries(
    in_flight: float, start: float, each: float, spare: float
) -> None:
    carried = CarriedLoad(requests_per_second=2, in_flight=in_flight, reason="of the promise")
    policy = plan_scaling(slots=64, start_seconds=start, least=1, most=9, carried=carried)
    assert policy.each == pytest.approx(each)
    assert policy.spare_share == pytest.approx(spare)
    assert (policy.reason == carried.reason) == (each == in_flight != 64)


@given(st.integers(1, 512), st.floats(0.1, 600), st.floats(1, 2000), st.floats(0.1, 1e4))
def test_a_burst_of_as_much_again_up_to_a_replica_still_finds_slots(
    slots: int, in_flight: float, start: float, load: float
) -> None:
    carried = CarriedLoad(requests_per_second=2, in_flight=in_flight, reason="of the promise")
    plain, policy = (
        plan_scaling(slots=slots, start_seconds=start, least=0, most=10**6, carried=known)
        for known in (None, carried)
    )
    assert policy.wanted(load) >= plain.wanted(load)
    assert policy.wanted(load) * in_flight >= load * (1 - 1e-6)


def test_it_settles_on_no_fewer_than_keep_the_promise_within_its_bounds() -> None:
    policy = plan_scaling(slots=64, start_seconds=100, least=1, most=9)
    assert [policy.settled(lambda _: 1.0, keeping) for keeping in (0, 4, 12)] == [1, 4, 9]
