"""From levels to single machines, and what is never done to one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.capacity.controller.pools import (
    NOW,
    PROVISION_SECONDS,
    ZONES,
    Machine,
    Seen,
    settings,
)
from tokenfleet.capacity.controller.machines import (
    Close,
    End,
    Keep,
    Launch,
    Step,
    Withdraw,
    machines,
)
from tokenfleet.capacity.controller.warm_pool import WarmPool
from tokenfleet.capacity.policy.observation import Actions

SERVING, IDLE = Machine(), Machine(pod=None)
BOOTING = Machine(joined=False, pod=None, age=10)
LOST = replace(BOOTING, age=PROVISION_SECONDS + 1)
DOOMED = replace(SERVING, deadline=NOW + 100)
LEAVING = replace(IDLE, leaving=True)


def _on_demand(machine: Machine) -> Machine:
    return replace(machine, tier="on-demand")


def _steps(
    there: Sequence[Machine],
    *,
    spot: Mapping[str, int] | None = None,
    on_demand: int = 0,
    bounds: Mapping[str, tuple[int, int]] | None = None,
) -> Sequence[Step]:
    state = Seen(machines=there).state(settings(bounds=bounds))
    actions = Actions(spot=spot or {}, on_demand=on_demand, moves=(), sleep_seconds=15)
    return machines(state, actions).steps


def _words(steps: Sequence[Step]) -> list[str]:
    """Each step as people say it."""
    return [_word(step) for step in steps]


def _word(step: Step) -> str:
    match step:
        case Launch():
            drawn = f", {step.drawn} drawn to {step.size}" if step.drawn else ""
            return f"launch {step.count} {step.tier} in {step.zones[0]}{drawn}"
        case Withdraw():
            return f"withdraw {step.count} to {step.size}"
        case _:
            return f"{type(step).__name__.lower()} {step.member.instance.id}"


# What is there; spot levels; on-demand level; the steps.
ROWS: Mapping[str, tuple[Sequence[Machine], Mapping[str, int], int, list[str]]] = {
    "nothing is wanted": ([], {}, 0, []),
    "one more in a zone": ([SERVING], {"a": 2}, 0, ["launch 1 spot in a"]),
    "a node that boots counts": ([SERVING, BOOTING], {"a": 2}, 0, []),
    "a node under notice does not": ([DOOMED], {"a": 1}, 0, ["launch 1 spot in a"]),
    "a node that leaves is kept first": ([LEAVING], {"a": 1}, 0, ["keep i-00"]),
    "one too many, idle": ([SERVING, IDLE], {"a": 1}, 0, ["close i-01"]),
    "one too many, serving": ([SERVING, SERVING], {"a": 1}, 0, []),
    "rather an idle one elsewhere": (
        [SERVING, SERVING, replace(IDLE, zone="b")],
        {"a": 1},
        0,
        ["close i-02"],
    ),
    "of a zone that was the pool's, idle": (
        [SERVING, SERVING, replace(IDLE, zone="old")],
        {"a": 1},
        0,
        ["close i-02"],
    ),
    "of a zone that was the pool's, serving": (
        [SERVING, IDLE, replace(SERVING, zone="old")],
        {"a": 1},
        0,
        ["close i-01"],
    ),
    "one too many, booting": ([SERVING, BOOTING], {"a": 1}, 0, ["end i-01"]),
    "closed, and still idle": ([SERVING, LEAVING], {}, 0, ["end i-01"]),
    "closed, and a pod was faster": ([replace(SERVING, leaving=True)], {}, 0, ["keep i-00"]),
    "closed, a pod was faster, and it is needed": (
        [replace(SERVING, leaving=True)],
        {"a": 1},
        1,
        ["keep i-00", "launch 1 on-demand in a"],
    ),
    "it never joined": ([LOST], {}, 0, ["end i-00"]),
    "it hangs, and so do its pods": (
        [replace(SERVING, ready=False, pod="ending")],
        {},
        0,
        ["end i-00"],
    ),
    "it hangs, and may come back": ([replace(SERVING, ready=False, pod="starting")], {}, 0, []),
    "under notice, and empty": ([replace(DOOMED, pod=None)], {}, 0, ["end i-00"]),
    "under notice, and serving": ([DOOMED], {}, 0, []),
    "under notice, and draining": ([replace(DOOMED, pod="ending")], {}, 0, []),
    "drained by a person": ([replace(SERVING, cordoned=True)], {"a": 1}, 0, ["launch 1 spot in a"]),
    "one on demand": ([], {}, 1, ["launch 1 on-demand in a"]),
    "on demand where there is least": ([_on_demand(SERVING)], {}, 2, ["launch 1 on-demand in b"]),
    "on demand kept first": ([_on_demand(LEAVING)], {}, 1, ["keep i-00"]),
    "on demand no longer needed": ([_on_demand(IDLE)], {}, 0, ["close i-00"]),
    "on demand that serves is not ended": ([_on_demand(SERVING)], {}, 0, []),
    "reserved is not ours": (
        [replace(IDLE, tier="reserved"), replace(LOST, tier="reserved")],
        {},
        0,
        [],
    ),
}


@pytest.mark.parametrize("row", list(ROWS))
def test_a_level_becomes_steps(row: str) -> None:
    there, spot, on_demand, expected = ROWS[row]
    bounds = {"spot": (0, 10), "on-demand": (0, 6), "reserved": (0, 2)}
    pool = settings(bounds=bounds, tiers=("reserved", "spot", "on-demand"))
    actions = Actions(spot=spot, on_demand=on_demand, moves=(), sleep_seconds=15)
    found = machines(Seen(machines=there).state(pool), actions)
    assert _words(found.steps) == expected


# What is there; the warm pool; the on-demand level; the steps.
WARM_ROWS: Mapping[str, tuple[Sequence[Machine], WarmPool, int, list[str]]] = {
    "stopped nodes come first": (
        [],
        WarmPool(stopped=3),
        2,
        ["launch 2 on-demand in a, 2 drawn to 2"],
    ),
    "what they do not cover is launched": (
        [_on_demand(SERVING)],
        WarmPool(stopped=1, desired=1, size=1),
        3,
        ["launch 2 on-demand in b, 1 drawn to 2"],
    ),
    "what is on its way is not asked for again": ([], WarmPool(stopped=2, desired=2), 2, []),
    "one more than is on its way": (
        [],
        WarmPool(stopped=3, desired=2),
        3,
        ["launch 1 on-demand in a, 1 drawn to 3"],
    ),
    "what is on its way may be the last": (
        [],
        WarmPool(stopped=2, desired=2),
        3,
        ["launch 1 on-demand in a"],
    ),
    "the group wishes for fewer than it has": (
        [_on_demand(SERVING), _on_demand(SERVING)],
        WarmPool(stopped=1, desired=1, size=2),
        3,
        ["launch 1 on-demand in b, 1 drawn to 3"],
    ),
    "one that leaves counts for the group": (
        [_on_demand(SERVING), _on_demand(replace(SERVING, cordoned=True))],
        WarmPool(stopped=1, desired=2, size=2),
        2,
        ["launch 1 on-demand in b, 1 drawn to 3"],
    ),
    "what does not come is launched": (
        [],
        WarmPool(stopped=2, desired=2, overdue=True),
        2,
        ["withdraw 2 to 0", "launch 2 on-demand in a"],
    ),
    "what came of it stays": (
        [_on_demand(BOOTING)],
        WarmPool(stopped=2, desired=2, size=1, overdue=True),
        1,
        ["withdraw 1 to 1"],
    ),
    "no more of the group than it may have": (
        [],
        WarmPool(stopped=9, desired=4),
        9,
        ["launch 2 on-demand in a, 2 drawn to 6"],
    ),
}


@pytest.mark.parametrize("row", list(WARM_ROWS))
def test_a_level_draws_on_the_warm_pool(row: str) -> None:
    there, warm, on_demand, expected = WARM_ROWS[row]
    state = Seen(machines=there, warm=warm).state(
        settings(bounds={"spot": (0, 10), "on-demand": (0, 6)})
    )
    actions = Actions(spot={}, on_demand=on_demand, moves=(), sleep_seconds=15)
    assert _words(machines(state, actions).steps) == expected


@pytest.mark.parametrize(
    ("there", "waiting", "jobs", "expected"),
    [
        ([SERVING, _on_demand(BOOTING)], 0, 0, ["end i-01"]),
        ([SERVING, _on_demand(BOOTING)], 1, 0, []),
        ([SERVING, _on_demand(BOOTING)], 0, 1, []),
        ([SERVING, _on_demand(IDLE), _on_demand(IDLE)], 1, 0, ["close i-01"]),
        ([SERVING, _on_demand(replace(SERVING, job=True))], 0, 0, []),
    ],
)
def test_what_the_autoscaler_launches_for_a_replica_or_a_job_without_room_stays(
    there: Sequence[Machine], waiting: int, jobs: int, expected: list[str]
) -> None:
    state = Seen(machines=there, waiting=waiting, jobs=jobs, replicas=2).state()
    actions = Actions(spot={}, on_demand=0, moves=(), sleep_seconds=15)
    assert _words(machines(state, actions).steps) == expected


@pytest.mark.parametrize(
    ("there", "spot", "on_demand", "bounds", "expected"),
    [
        ([SERVING], {"a": 4}, 0, {"spot": (0, 3), "on-demand": (0, 1)}, ["launch 2 spot in a"]),
        (
            [SERVING],
            {"a": 2, "b": 2},
            0,
            {"spot": (0, 2), "on-demand": (0, 1)},
            ["launch 1 spot in a"],
        ),
        ([], {}, 5, {"spot": (0, 2), "on-demand": (0, 2)}, ["launch 2 on-demand in a"]),
        # A group counts what goes, too.
        ([DOOMED, SERVING], {"a": 2}, 0, {"spot": (0, 2), "on-demand": (0, 2)}, []),
        ([_on_demand(DOOMED)], {}, 1, {"spot": (0, 2), "on-demand": (0, 1)}, []),
        ([IDLE], {"a": 0}, 0, {"spot": (1, 2), "on-demand": (0, 2)}, []),
        ([], {}, 0, {"spot": (0, 2), "on-demand": (1, 2)}, ["launch 1 on-demand in a"]),
        ([_on_demand(IDLE)], {}, 0, {"spot": (0, 2), "on-demand": (1, 2)}, []),
    ],
)
def test_a_tier_keeps_its_bounds(
    there: Sequence[Machine],
    spot: Mapping[str, int],
    on_demand: int,
    bounds: Mapping[str, tuple[int, int]],
    expected: list[str],
) -> None:
    assert _words(_steps(there, spot=spot, on_demand=on_demand, bounds=bounds)) == expected


_ANY = st.lists(
    st.builds(
        Machine,
        tier=st.sampled_from(["reserved", "spot", "on-demand"]),
        zone=st.sampled_from(ZONES),
        joined=st.booleans(),
        ready=st.booleans(),
        pod=st.sampled_from([None, "ready", "starting", "ending"]),
        deadline=st.sampled_from([None, None, NOW + 30]),
        leaving=st.booleans(),
        cordoned=st.booleans(),
        age=st.sampled_from([10.0, PROVISION_SECONDS + 1]),
    ),
    max_size=8,
)


@given(
    there=_ANY,
    spot=st.dictionaries(st.sampled_from(ZONES), st.integers(0, 4)),
    on_demand=st.integers(0, 4),
)
def test_whatever_is_there_nothing_that_serves_is_ended(
    there: Sequence[Machine], spot: Mapping[str, int], on_demand: int
) -> None:
    steps = _steps(there, spot=spot, on_demand=on_demand)
    for step in steps:
        if isinstance(step, End | Close):
            assert not any(pod.ready for pod in step.member.pods)
            assert step.member.tier != "reserved"
    members = [step.member for step in steps if isinstance(step, End | Keep | Close)]
    assert len({member.instance.id for member in members}) == len(members)
    launched = sum(step.count for step in steps if isinstance(step, Launch))
    assert launched <= sum(spot.values()) + on_demand
