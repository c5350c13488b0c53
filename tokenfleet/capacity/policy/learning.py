"""What an observation adds to the memory."""

from dataclasses import replace

from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.policy.memory import Memory, ZoneMemory
from tokenfleet.capacity.policy.observation import Observation, ZoneSeen

# How much of what was learnt still counts after a loss: zones stay what they are, but not long.
_KEPT = 0.5
# The same for whether notices come: about the last fifty losses.
_COUNTED = 0.98
# While on-demand refuses there is nobody else to ask.
_REST_WHEN_DRY = 15.0
_ON_DEMAND_REST = 600.0
_NEW = ZoneMemory()


def learned(seen: Observation, memory: Memory, knobs: Knobs) -> Memory:
    """The memory after an observation; one that is not newer than the last only names its zones."""
    now = seen.now
    if memory.seen_at is not None and now <= memory.seen_at:
        unknown = {name: _NEW for name in seen.zones if name not in memory.zones}
        return replace(memory, zones={**memory.zones, **unknown}) if unknown else memory
    remembered = memory.zones
    changed: dict[str, ZoneMemory] = {}
    dry = now < memory.on_demand_dry_until
    announced, unannounced = memory.announced, memory.unannounced
    doomed_until = memory.doomed_until
    for name, zone in seen.zones.items():
        before, held = remembered.get(name, _NEW), zone.ready + zone.booting
        if (
            held != before.held
            or zone.refused
            or zone.reclaimed
            or (before.refusals and zone.ready)
        ):
            vanished = 0
            if before.held:
                # The policy itself may have given some back.
                expected = min(before.held, memory.levels.get(name, before.held))
                vanished = max(0, expected - held - zone.reclaimed)
            if zone.reclaimed:
                announced, unannounced = _COUNTED * announced + 1, _COUNTED * unannounced
                doomed_until = now + knobs.serves
            if vanished:
                announced, unannounced = _COUNTED * announced, _COUNTED * unannounced + 1
            lost = bool(zone.reclaimed or vanished)
            changed[name] = _zone_learned(now, zone, before, knobs, lost=lost, dry=dry)
        elif name not in remembered:
            changed[name] = before
    refused = seen.on_demand.refused > 0
    warm, short_since = seen.on_demand.warm, None
    if warm < memory.warm:
        warm, short_since = _short(now, warm, memory, knobs)
    return Memory(
        zones={**remembered, **changed} if changed else remembered,
        levels={},
        seen_at=now,
        doomed_until=doomed_until,
        on_demand_dry_until=now + _ON_DEMAND_REST if refused else memory.on_demand_dry_until,
        on_demand_refused_at=now if refused else memory.on_demand_refused_at,
        announced=announced,
        unannounced=unannounced,
        warm=warm,
        warm_short_since=short_since,
    )


def _short(now: float, stopped: int, memory: Memory, knobs: Knobs) -> tuple[int, float | None]:
    """Those that were drawn count on for as long as it takes to replace them."""
    since = memory.warm_short_since
    if since is not None and now - since >= knobs.refill:
        return stopped, None
    return memory.warm, now if since is None else since


def _zone_learned(
    now: float, zone: ZoneSeen, before: ZoneMemory, knobs: Knobs, *, lost: bool, dry: bool
) -> ZoneMemory:
    held, since = zone.held, before.held_since
    losses, hours = before.losses, before.hours
    rest_until, refusals = before.rest_until, before.refusals
    if lost:
        spell = 0.0 if since is None else max(0.0, now - since) / 3600
        losses, hours, since = _KEPT * (losses + 1), _KEPT * (hours + spell), None
        rest_until = max(rest_until, now + knobs.rest)
    if zone.refused:
        refusals += 1
        doubled = min(knobs.longest_rest, knobs.rest * 2 ** min(refusals - 1, 10))
        rest_until = max(rest_until, now + (_REST_WHEN_DRY if dry else doubled))
    elif zone.ready:
        refusals = 0
    if not held:
        since = None
    elif since is None:
        since = now
    return ZoneMemory(
        held=held,
        held_since=since,
        losses=losses,
        hours=hours,
        rest_until=rest_until,
        refusals=refusals,
    )
