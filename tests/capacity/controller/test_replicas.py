"""What is done for the replicas of a model, moment by moment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.capacity.controller.pools import (
    GRACE_SECONDS,
    MODEL,
    NOTICE_SECONDS,
    NOW,
    START_SECONDS,
    ZONES,
    Machine,
    Seen,
)
from tokenfleet.capacity.controller.cluster import Surge
from tokenfleet.capacity.controller.replicas import Cost, Evict, Replicas, Scale, replicas

SPOT, ON_DEMAND = Machine(), Machine(tier="on-demand", cost=-100)
DOOMED = Machine(deadline=NOW + 110, cost=-200)
IDLE = replace(SPOT, pod=None)
COMPILING = replace(ON_DEMAND, job=True)
RETURNING = Surge(replicas=1, total=3, returning=NOW - 30)
REPLACING = Surge(replicas=1, total=3)


def _done(seen: Seen, *, may_return: bool = False) -> Replicas:
    return replicas(seen.state(), MODEL, may_return=may_return, notice_seconds=NOTICE_SECONDS)


def _scaled(found: Replicas) -> list[tuple[int, int]]:
    """Replicas and surge of each change."""
    return [(s.replicas, s.surge.replicas) for s in found.steps if isinstance(s, Scale)]


# What is seen; what the Deployment is set to, if anything: replicas and the surge among them.
SCALED: Mapping[str, tuple[Seen, bool, list[tuple[int, int]]]] = {
    "all is well": (Seen(machines=[SPOT, SPOT], replicas=2), True, []),
    "one under notice": (Seen(machines=[SPOT, DOOMED], replicas=2), False, [(3, 1)]),
    "a Job that compiles replaces nobody": (
        Seen(machines=[DOOMED, COMPILING], replicas=1),
        False,
        [(2, 1)],
    ),
    "a Job that compiles has nowhere to return to": (
        Seen(machines=[SPOT, COMPILING], replicas=1),
        True,
        [],
    ),
    "two under notice": (Seen(machines=[DOOMED, DOOMED], replicas=2), False, [(4, 2)]),
    "its replacement starts": (
        Seen(machines=[SPOT, DOOMED], waiting=1, replicas=3, surge=REPLACING),
        False,
        [],
    ),
    "its replacement serves": (
        Seen(machines=[SPOT, SPOT, DOOMED], replicas=3, surge=REPLACING),
        False,
        [(2, 0)],
    ),
    "one of two replacements serves, and shrinking would end the other": (
        Seen(
            machines=[SPOT, DOOMED, DOOMED],
            waiting=1,
            replicas=4,
            surge=Surge(replicas=2, total=4),
        ),
        False,
        [],
    ),
    "one of two under notice has gone": (
        Seen(
            machines=[SPOT, DOOMED],
            waiting=2,
            replicas=5,
            surge=Surge(replicas=2, total=5),
        ),
        False,
        [(4, 1)],
    ),
    "it has gone, its replacement still starts": (
        Seen(machines=[SPOT], waiting=2, replicas=3, surge=REPLACING),
        False,
        [(2, 0)],
    ),
    "a release is under way": (
        Seen(machines=[SPOT, DOOMED], replicas=2, rolling=True),
        False,
        [(3, 1)],
    ),
    "one returns": (Seen(machines=[SPOT, ON_DEMAND], replicas=2), True, [(3, 1)]),
    "one returns and starts": (
        Seen(machines=[SPOT, ON_DEMAND, IDLE], waiting=1, replicas=3, surge=RETURNING),
        False,
        [],
    ),
    "one has returned": (
        Seen(machines=[SPOT, ON_DEMAND, SPOT], replicas=3, surge=RETURNING),
        False,
        [(2, 0)],
    ),
    "a notice comes while one returns": (
        Seen(machines=[DOOMED, ON_DEMAND, IDLE], waiting=1, replicas=3, surge=RETURNING),
        False,
        [(3, 1)],
    ),
    "one finds room on demand alone": (
        Seen(
            machines=[SPOT, ON_DEMAND, replace(ON_DEMAND, pod_age=10, pod="starting"), IDLE],
            replicas=3,
            surge=RETURNING,
        ),
        False,
        [(2, 0)],
    ),
    "one does not get ready": (
        Seen(
            machines=[SPOT, ON_DEMAND, IDLE],
            waiting=1,
            replicas=3,
            surge=replace(RETURNING, returning=NOW - 2 * START_SECONDS),
        ),
        False,
        [(2, 0)],
    ),
    "a person pauses while one returns": (
        Seen(machines=[SPOT, ON_DEMAND], waiting=1, replicas=3, surge=RETURNING, paused=True),
        False,
        [(2, 0)],
    ),
    "others are missing": (Seen(machines=[ON_DEMAND], waiting=1, replicas=2), True, []),
    "KEDA has added two": (
        Seen(machines=[SPOT, ON_DEMAND, IDLE], waiting=3, replicas=5, surge=RETURNING),
        False,
        [(5, 1)],
    ),
    "somebody who knows nothing of a surge asks for as many": (
        Seen(machines=[SPOT, DOOMED], waiting=1, replicas=3, surge=REPLACING, told=True),
        False,
        [(4, 1)],
    ),
    "a person asks for fewer than there were": (
        Seen(machines=[SPOT, SPOT, DOOMED], replicas=1, surge=Surge(replicas=1, total=3)),
        False,
        [(1, 0)],
    ),
    "nothing is wanted": (Seen(machines=[DOOMED], replicas=0), False, []),
    "KEDA's scale to zero meets a surge": (
        Seen(machines=[ON_DEMAND], replicas=0, surge=Surge(replicas=1, total=2, returning=NOW)),
        False,
        [(0, 0)],
    ),
}


@pytest.mark.parametrize("row", list(SCALED))
def test_the_deployment_asks_for_what_is_missing(row: str) -> None:
    seen, may_return, expected = SCALED[row]
    assert _scaled(_done(seen, may_return=may_return)) == expected


# When the deadline is, in seconds; how the pod is; whether it is evicted, and by force.
LATEST = GRACE_SECONDS
EVICTED: Mapping[str, tuple[float, str, list[bool]]] = {
    "time is left": (110, "ready", []),
    "almost none is left": (LATEST + 3, "ready", [False]),
    "none is left": (LATEST, "ready", [True]),
    "the notice came too late": (5, "ready", [True]),
    "it never got ready": (110, "starting", [False]),
    "it is ending already": (5, "ending", []),
}


@pytest.mark.parametrize("row", list(EVICTED))
def test_a_replica_under_notice_serves_until_its_drain_just_fits(row: str) -> None:
    left, pod, expected = EVICTED[row]
    seen = Seen(machines=[replace(DOOMED, deadline=NOW + left, pod=pod), SPOT], replicas=2)
    evicted = [step for step in _done(seen).steps if isinstance(step, Evict)]
    assert [step.force for step in evicted] == expected
    assert all(1 <= step.grace_seconds <= max(1, left) for step in evicted)


def test_a_look_is_due_when_an_eviction_is() -> None:
    seen = Seen(machines=[DOOMED, SPOT], replicas=2)
    wake = _done(seen).wake
    assert wake is not None
    assert NOW < wake < NOW + 110 - GRACE_SECONDS


def test_the_cheapest_to_delete_is_the_one_to_go() -> None:
    machines = [replace(m, cost=None) for m in (SPOT, ON_DEMAND, DOOMED)]
    steps = _done(Seen(machines=machines, replicas=3)).steps
    costs = {step.pod.node: step.cost for step in steps if isinstance(step, Cost)}
    assert costs["node-2"] < costs["node-1"] < 0
    assert "node-0" not in costs


def test_what_no_longer_has_to_go_costs_as_much_as_any() -> None:
    (step,) = _done(Seen(machines=[replace(SPOT, cost=-100)], replicas=1)).steps
    assert isinstance(step, Cost)
    assert step.cost == 0


@pytest.mark.parametrize(
    ("machines", "missing"),
    [([SPOT, DOOMED], 0), ([SPOT], 1), ([], 2), ([SPOT, replace(SPOT, pod="starting")], 1)],
)
def test_a_replica_under_notice_is_not_missing(machines: Sequence[Machine], missing: int) -> None:
    assert _done(Seen(machines=machines, replicas=2)).missing == missing


_MACHINES = st.lists(
    st.builds(
        Machine,
        tier=st.sampled_from(["spot", "on-demand"]),
        zone=st.sampled_from(ZONES),
        ready=st.booleans(),
        pod=st.sampled_from([None, "ready", "ready", "starting", "ending"]),
        deadline=st.sampled_from([None, None, NOW - 10, NOW + 30, NOW + 110]),
        leaving=st.booleans(),
    ),
    max_size=6,
)
_SURGES = st.builds(
    Surge,
    replicas=st.integers(0, 3),
    total=st.integers(0, 8),
    returning=st.sampled_from([0.0, 0.0, NOW - 10, NOW - 1000]),
)


@given(
    machines=_MACHINES,
    waiting=st.integers(0, 3),
    count=st.integers(0, 6),
    surge=_SURGES,
    paused=st.booleans(),
    may_return=st.booleans(),
)
def test_looks_come_to_rest(
    machines: Sequence[Machine],
    waiting: int,
    count: int,
    surge: Surge,
    *,
    paused: bool,
    may_return: bool,
) -> None:
    seen = Seen(machines=machines, waiting=waiting, replicas=count, surge=surge, paused=paused)
    # What an earlier surge needs is settled first; then one may return.
    for _ in range(3):
        for step in _done(seen, may_return=may_return).steps:
            if isinstance(step, Scale):
                assert step.replicas >= step.surge.replicas >= 0
                more = step.replicas - step.deployment.wanted
                assert 0 <= more <= len(machines) + 1
                seen = replace(seen, replicas=step.replicas, surge=step.surge)
    assert _scaled(_done(seen, may_return=may_return)) == []


@given(machines=_MACHINES, count=st.integers(0, 6), surge=_SURGES)
def test_wanted_survives_every_look(machines: Sequence[Machine], count: int, surge: Surge) -> None:
    seen = Seen(machines=machines, replicas=count, surge=surge)
    before = seen.state().deployments[MODEL].wanted
    for step in _done(seen).steps:
        if isinstance(step, Scale):
            after = replace(seen, replicas=step.replicas, surge=step.surge)
            assert after.state().deployments[MODEL].wanted == before
