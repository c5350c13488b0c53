"""What holds of `decide` whatever it is shown and whatever it remembers."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenfleet.capacity.policy.decide import decide
from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.policy.memory import Memory, ZoneMemory
from tokenfleet.capacity.policy.observation import (
    ModelSeen,
    Observation,
    OnDemandSeen,
    ZoneSeen,
)

NAMES = ("a", "b", "c", "d")
NOW = 100_000.0
few = st.integers(0, 5)
moments = st.floats(0, 2 * NOW)
zones_seen = st.builds(
    ZoneSeen,
    ready=few,
    booting=few,
    asked=few,
    doomed=few,
    refused=few,
    reclaimed=few,
    warned=st.booleans(),
)
zone_memories = st.builds(
    ZoneMemory,
    held=few,
    held_since=st.none() | moments,
    losses=st.floats(0, 5),
    hours=st.floats(0, 500),
    rest_until=moments,
    refusals=few,
)
memories = st.just(Memory()) | st.builds(
    Memory,
    zones=st.dictionaries(st.sampled_from(NAMES), zone_memories),
    levels=st.dictionaries(st.sampled_from(NAMES), few),
    seen_at=st.none() | moments,
    doomed_until=moments,
    on_demand_dry_until=moments,
    on_demand_refused_at=st.none() | moments,
    announced=st.floats(0, 50),
    unannounced=st.floats(0, 50),
    warm=few,
    warm_short_since=st.none() | moments,
)
observations = st.builds(
    Observation,
    now=st.just(NOW),
    wanted=st.integers(0, 16),
    zones=st.dictionaries(st.sampled_from(NAMES), zones_seen),
    on_demand=st.builds(OnDemandSeen, ready=few, booting=few, refused=few, warm=few),
)
all_knobs = st.builds(
    Knobs,
    boot=st.sampled_from([60.0, 180.0, 480.0]),
    warm_boot=st.sampled_from([math.inf, 30.0, 90.0]),
    serves=st.sampled_from([0.0, 20.0, 120.0]),
    care=st.sampled_from([0.0, 1.0, 2.0]),
    spare=st.integers(0, 2),
)


@given(observations, memories, all_knobs)
def test_nothing_is_asked_beyond_what_is_wanted_and_its_spares(
    seen: Observation, memory: Memory, knobs: Knobs
) -> None:
    actions, _ = decide(seen, memory, knobs)
    at = {name: zone.held + zone.asked for name, zone in seen.zones.items()}
    after = at | dict(actions.spot)
    most = seen.wanted + max(1, knobs.spare)
    assert sum(after.values()) <= max(most, sum(at.values()))
    assert all(level >= 0 for level in after.values())
    assert 0 <= actions.on_demand <= seen.wanted


@given(observations, memories, all_knobs)
def test_spot_and_on_demand_together_are_what_is_wanted(
    seen: Observation, memory: Memory, knobs: Knobs
) -> None:
    actions, _ = decide(seen, memory, knobs)
    on_its_way = on_spot = 0
    for name, zone in seen.zones.items():
        level = actions.spot.get(name, zone.held + zone.asked)
        on_its_way += level
        on_spot += min(zone.ready, level)
    assert actions.on_demand + on_its_way >= seen.wanted
    if knobs.gap:  # a start does not fit: only what is ready counts
        assert actions.on_demand + on_spot >= seen.wanted
    have = seen.on_demand.ready + seen.on_demand.booting
    assert actions.on_demand >= min(have, seen.wanted - on_spot)


@given(observations, memories, all_knobs, few, few)
def test_no_tier_is_asked_for_more_than_it_may_have(
    seen: Observation, memory: Memory, knobs: Knobs, spot: int, on_demand: int
) -> None:
    bounded = replace(knobs, spot_most=spot, on_demand_most=on_demand)
    actions, _ = decide(seen, memory, bounded)
    at = {name: zone.held + zone.asked for name, zone in seen.zones.items()}
    assert sum((at | dict(actions.spot)).values()) <= max(spot, sum(at.values()))
    assert actions.on_demand <= on_demand


def test_what_on_demand_may_not_hold_is_asked_of_zones_on_probation() -> None:
    seen = Observation(
        now=NOW,
        wanted=6,
        zones={name: ZoneSeen() for name in NAMES},
        on_demand=OnDemandSeen(ready=2),
    )
    careful = Knobs(boot=480, serves=20, care=2, on_demand_most=2)
    actions, _ = decide(seen, Memory(), careful)
    assert sum(actions.spot.values()) >= 4
    assert actions.on_demand == 2


@given(observations, memories, all_knobs)
def test_the_same_observation_twice_changes_nothing(
    seen: Observation, memory: Memory, knobs: Knobs
) -> None:
    actions, remembered = decide(seen, memory, knobs)
    assert decide(seen, remembered, knobs) == (actions, remembered)


@given(observations, observations, all_knobs)
def test_an_older_observation_teaches_nothing(
    newer: Observation, older: Observation, knobs: Knobs
) -> None:
    _, known = decide(newer, Memory(), knobs)
    late = Observation(
        now=newer.now - 30, wanted=older.wanted, zones=older.zones, on_demand=older.on_demand
    )
    _, after = decide(late, known, knobs)
    assert (after.seen_at, after.announced) == (known.seen_at, known.announced)
    assert {name: after.zones[name] for name in known.zones} == known.zones


@given(observations, memories, all_knobs, st.sampled_from(NAMES))
def test_a_zone_that_was_not_looked_at_is_left_alone(
    seen: Observation, memory: Memory, knobs: Knobs, hidden: str
) -> None:
    zones = {name: zone for name, zone in seen.zones.items() if name != hidden}
    partial = Observation(now=seen.now, wanted=seen.wanted, zones=zones, on_demand=seen.on_demand)
    actions, known = decide(partial, memory, knobs)
    assert hidden not in actions.spot
    assert known.zones.get(hidden) == memory.zones.get(hidden)


@given(observations, memories, all_knobs)
def test_a_warned_zone_is_asked_for_nothing_more(
    seen: Observation, memory: Memory, knobs: Knobs
) -> None:
    actions, _ = decide(seen, memory, knobs)
    for name, level in actions.spot.items():
        if seen.zones[name].warned:
            assert level <= seen.zones[name].held + seen.zones[name].asked


def test_models_return_largest_first_and_only_onto_ready_spot() -> None:
    seen = Observation(
        now=NOW,
        wanted=7,
        zones={"a": ZoneSeen(ready=5)},
        on_demand=OnDemandSeen(ready=6),
        models={
            "busy": ModelSeen(wanted=16, on_demand=1, busy=True),
            "large": ModelSeen(wanted=4, on_demand=2),
            "small": ModelSeen(wanted=1, on_demand=1),
        },
    )
    # 21 replicas wanted, 17 of them on spot already by the stack's word: no node is free.
    actions, _ = decide(seen, Memory(), Knobs(boot=60))
    assert actions.moves == []
    models = {name: model for name, model in seen.models.items() if name != "busy"}
    two_free = Observation(
        now=NOW, wanted=7, zones={"a": ZoneSeen(ready=3)}, on_demand=seen.on_demand, models=models
    )
    actions, _ = decide(two_free, Memory(), Knobs(boot=60))
    assert actions.moves == ["large"]


def test_a_new_zone_proves_itself_beside_on_demand_where_a_start_does_not_fit() -> None:
    knobs = Knobs(boot=180)
    seen = Observation(
        now=0, wanted=4, zones={"a": ZoneSeen(), "b": ZoneSeen()}, on_demand=OnDemandSeen()
    )
    actions, memory = decide(seen, Memory(), knobs)
    assert (actions.spot, actions.on_demand) == ({"a": 1}, 4)
    young = Observation(
        now=300,
        wanted=4,
        zones={"a": ZoneSeen(ready=1), "b": ZoneSeen()},
        on_demand=OnDemandSeen(ready=4),
    )
    actions, memory = decide(young, memory, knobs)
    assert (actions.spot, actions.on_demand) == ({}, 4)
    # What it waits for comes by itself, and then all may go there.
    proven = Observation(
        now=300 + actions.sleep_seconds + 15,
        wanted=4,
        zones=young.zones,
        on_demand=young.on_demand,
    )
    actions, _ = decide(proven, memory, knobs)
    assert (actions.spot["a"], actions.on_demand) == (3, 3)


WARM = Knobs(boot=180, warm_boot=60)


@given(observations, memories)
def test_stopped_nodes_that_start_no_sooner_change_nothing(
    seen: Observation, memory: Memory
) -> None:
    known = replace(memory, warm=0, warm_short_since=None)
    none = replace(seen, on_demand=replace(seen.on_demand, warm=0))
    slow = Knobs(boot=180, warm_boot=180)
    assert decide(seen, known, slow)[0] == decide(none, known, slow)[0]


@given(observations, memories)
def test_who_relies_on_stopped_nodes_asks_no_more_of_on_demand_and_no_less_of_spot(
    seen: Observation, memory: Memory
) -> None:
    known = replace(memory, warm=0, warm_short_since=None)
    none = replace(seen, on_demand=replace(seen.on_demand, warm=0))
    (with_them, _), (without, _) = decide(seen, known, WARM), decide(none, known, WARM)
    levels = {name: zone.held + zone.asked for name, zone in seen.zones.items()}
    assert with_them.on_demand <= without.on_demand
    assert sum((levels | dict(with_them.spot)).values()) >= sum(
        (levels | dict(without.spot)).values()
    )


@pytest.mark.parametrize(
    ("warm", "spot", "on_demand"),
    [
        (0, {"a": 1}, 4),  # a canary, beside all on demand
        (1, {"a": 1, "b": 1}, 4),
        (2, {"a": 2, "b": 2}, 4),  # no more of a zone than can be lost at once
        (4, {"a": 3, "b": 1}, 4),
    ],
)
def test_new_zones_are_asked_for_what_stopped_nodes_make_up_for(
    warm: int, spot: Mapping[str, int], on_demand: int
) -> None:
    seen = Observation(
        now=0,
        wanted=4,
        zones={"a": ZoneSeen(), "b": ZoneSeen()},
        on_demand=OnDemandSeen(warm=warm),
    )
    actions, _ = decide(seen, Memory(), WARM)
    assert (actions.spot, actions.on_demand) == (spot, on_demand)


def _young(now: float, warm: int) -> Observation:
    """Four nodes of zones that were taken a moment ago, and so many stopped ones."""
    zones = {"a": ZoneSeen(ready=2), "b": ZoneSeen(ready=2)}
    return Observation(now=now, wanted=4, zones=zones, on_demand=OnDemandSeen(warm=warm))


def test_a_stopped_node_that_was_drawn_counts_until_it_should_have_been_replaced() -> None:
    _, memory = decide(_young(NOW, 2), Memory(), WARM)
    levels: list[int] = []
    for seconds in (15, 345, 390, 405):
        actions, memory = decide(_young(NOW + seconds, 0), memory, WARM)
        levels.append(actions.on_demand)
    assert levels == [0, 0, 4, 4]
    # What it waits for comes by itself: nobody has to look in between.
    _, memory = decide(_young(NOW, 2), Memory(), WARM)
    actions, _ = decide(_young(NOW + 15, 0), memory, WARM)
    assert actions.sleep_seconds <= WARM.refill


def test_a_start_that_is_never_in_time_is_worth_less_but_not_nothing() -> None:
    drained = Knobs(boot=180, warm_boot=60, serves=20)
    assert 0 < drained.warm_saves < WARM.warm_saves == 1
    often = [losses for losses in (0.5, 1.0, 2.0, 4.0) if drained.covered(losses, warm=4)]
    assert often == [0.5, 1.0]  # 0.73 without stopped nodes
    assert all(WARM.covered(losses, warm=4) == 4 for losses in (0.5, 1.0, 2.0, 4.0))


def test_unheard_losses_and_refused_on_demand_bring_a_spare() -> None:
    zones = {"a": ZoneSeen(ready=4)}
    calm = Observation(now=NOW, wanted=4, zones=zones, on_demand=OnDemandSeen())
    knobs = Knobs(boot=60)
    _, memory = decide(calm, Memory(), knobs)
    fewer = Observation(
        now=NOW + 300, wanted=4, zones={"a": ZoneSeen(ready=3)}, on_demand=OnDemandSeen()
    )
    _, vanished = decide(fewer, memory, knobs)
    refused = Observation(now=NOW + 300, wanted=4, zones=zones, on_demand=OnDemandSeen(refused=1))
    _, scarce = decide(refused, memory, knobs)
    later = Observation(now=NOW + 2000, wanted=4, zones=zones, on_demand=OnDemandSeen())
    levels = [decide(later, known, knobs)[0].spot for known in (memory, vanished, scarce)]
    assert levels == [{}, {"a": 5}, {"a": 5}]
