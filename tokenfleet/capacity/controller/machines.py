"""From levels to single machines: which to launch, to keep after all, to close, to end."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.capacity.controller.members import Member, PoolState
from tokenfleet.capacity.controller.settings import ON_DEMAND, SPOT
from tokenfleet.capacity.policy.observation import Actions


@dataclass(frozen=True, kw_only=True)
class Launch:
    """So many nodes of a tier, from the first of ``zones`` that has them.

    ``drawn`` of them have waited stopped, and come by the wish for a group of that ``size``.
    """

    tier: str
    zones: Sequence[str]
    count: int
    drawn: int = 0
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Withdraw:
    """The wish for a group that is larger than ``size``: ``count`` instances of it never came."""

    size: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Keep:
    """A node that was about to be ended is needed after all."""

    member: Member


@dataclass(frozen=True, kw_only=True)
class Close:
    """No pod may start on an empty node any more; it is ended once that is sure to have held."""

    member: Member


@dataclass(frozen=True, kw_only=True)
class End:
    """A machine that nothing runs on; ``why`` for the log."""

    member: Member
    why: str


Step = Launch | Withdraw | Keep | Close | End


@dataclass(frozen=True, kw_only=True)
class Machines:
    """``levels``: the spot nodes by zone that the steps bring about, where they differ.

    ``clipped``: the spot nodes by zone that the group has no room for, those under notice
    included. ``again``: what spot answers decides how much on-demand is to be launched.
    """

    steps: Sequence[Step]
    levels: Mapping[str, int]
    clipped: Mapping[str, int]
    again: bool = False


def machines(state: PoolState, actions: Actions) -> Machines:
    """The steps from what is there to what the policy wants, within the bounds of the tiers."""
    spot = _spot(state, actions)
    on_demand = [*_on_demand(state, actions.on_demand)]
    waits = _waits(state, spot.steps) and any(isinstance(step, Launch) for step in on_demand)
    if waits:
        on_demand = [step for step in on_demand if not isinstance(step, Launch)]
    steps = [*_ended(state), *spot.steps, *on_demand]
    return Machines(steps=steps, levels=spot.levels, clipped=spot.clipped, again=waits)


def _waits(state: PoolState, spot: Sequence[Step]) -> bool:
    """Whether on-demand can wait for what spot answers: nothing is going that it would replace."""
    asked = any(isinstance(step, Launch) for step in spot)
    return asked and not any(member.doomed for member in state.members)


def _ended(state: PoolState) -> Iterator[Step]:
    """What nobody has a use for any more, and what has found a use after all."""
    for member in state.members:
        if member.tier not in (SPOT, ON_DEMAND):
            continue
        if member.late:
            yield End(member=member, why="never joined" if member.empty else "hangs")
        elif member.doomed:
            if member.empty and member.node is not None:
                # Left alone its group would launch another in its place, wherever there is room.
                yield End(member=member, why="reclaimed, and empty")
        elif member.node is not None and member.node.leaving and not member.empty:
            # A pod was faster than the taint.
            yield Keep(member=member)


def _spot(state: PoolState, actions: Actions) -> Machines:
    if SPOT not in state.settings.groups:
        return Machines(steps=[], levels={}, clipped={})
    least, most = state.settings.bounds[SPOT]
    members = state.of_tier(SPOT)
    kept = [m for m in members if m.kept]
    levels = {zone: sum(m.instance.zone == zone for m in kept) for zone in state.settings.zones}
    room = most - len(members)
    steps: list[Step] = []
    clipped: dict[str, int] = {}
    surplus = 0
    for zone, level in actions.spot.items():
        more = level - levels[zone]
        if more > 0:
            back = _leaving(members, zone)[:more]
            steps += [Keep(member=member) for member in back]
            asked = max(0, min(more - len(back), room))
            room -= asked
            levels[zone] += len(back)
            if more > len(back) + asked:
                clipped[zone] = more - len(back) - asked
            if asked > 0:
                steps.append(Launch(tier=SPOT, zones=[zone], count=asked))
        elif more < 0:
            surplus += -more
    surplus = min(surplus, len(kept) - least)
    zones = [zone for zone, level in actions.spot.items() if level < levels[zone]]
    empty = [m for m in kept if m.empty and m.instance.zone in levels]
    for member in kept:
        if member.empty and member not in empty:  # of a zone that is no longer the pool's
            steps += _given_up(member)
    # Rather an empty node elsewhere than one that serves.
    for member in sorted(empty, key=lambda m: (m.instance.zone not in zones, m.ready))[
        : max(0, surplus)
    ]:
        levels[member.instance.zone] -= 1
        steps += _given_up(member)
    steps += [End(member=m, why="not needed") for m in _leaving(members) if _closed(m, steps)]
    changed = {zone: level for zone, level in levels.items() if zone in actions.spot}
    return Machines(steps=steps, levels=levels if surplus else changed, clipped=clipped)


def _on_demand(state: PoolState, wanted: int) -> Iterator[Step]:
    if ON_DEMAND not in state.settings.groups:
        return
    least, most = state.settings.bounds[ON_DEMAND]
    members = state.of_tier(ON_DEMAND)
    kept = [member for member in members if member.kept]
    level = max(least, min(wanted, most))
    warm = state.warm
    missing = level - len(kept) - warm.coming
    back = _leaving(members)[: max(0, missing)]
    steps: list[Step] = [Keep(member=member) for member in back]
    if warm.overdue and (never := warm.desired - max(least, warm.size)) > 0:
        steps.append(Withdraw(size=warm.desired - never, count=never))
    asked = min(missing - len(back), most - len(members) - warm.coming)
    if asked > 0:
        held = [member.instance.zone for member in kept]
        zones = sorted(state.settings.zones, key=lambda zone: (held.count(zone), zone))
        drawn = min(asked, warm.drawable)
        size = warm.drawing(drawn)
        steps.append(Launch(tier=ON_DEMAND, zones=zones, count=asked, drawn=drawn, size=size))
    empty = sorted((m for m in kept if m.empty), key=lambda m: (m.ready, m.instance.id))
    # A replica that found no room for long, or a Job: the autoscaler has launched for it.
    for member in empty[: max(0, -missing - state.unplaced)]:
        steps += _given_up(member)
    steps += [End(member=m, why="not needed") for m in _leaving(members) if _closed(m, steps)]
    yield from steps


def _leaving(members: Sequence[Member], zone: str | None = None) -> list[Member]:
    return [
        m
        for m in members
        if m.node is not None
        and m.node.leaving
        and m.empty
        and not (m.doomed or m.late)
        and zone in (None, m.instance.zone)
    ]


def _given_up(member: Member) -> list[Step]:
    if member.node is None:
        return [End(member=member, why="not needed")]
    return [Close(member=member)]


def _closed(member: Member, steps: Sequence[Step]) -> bool:
    """Whether a leaving node is not kept after all."""
    return not any(isinstance(step, Keep) and step.member is member for step in steps)
