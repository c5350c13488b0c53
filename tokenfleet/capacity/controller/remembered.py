"""What a controller leaves to the next one, as JSON; losing it costs time, nothing else."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, cast

from tokenfleet.capacity.policy.memory import Memory, ZoneMemory

_MAY_BE_NONE = ("held_since", "seen_at", "on_demand_refused_at", "warm_short_since")


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """Of one pool: the policy's memory, and which instances were known to be under notice."""

    memory: Memory = field(default_factory=Memory)
    doomed: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """As it is kept."""
        memory = asdict(self.memory)
        if self.memory.seen_at is not None:
            # To the minute: else each look would have something new to keep.
            memory["seen_at"] = self.memory.seen_at // 60 * 60
        return json.dumps({"memory": memory, "doomed": sorted(self.doomed)}, sort_keys=True)


def remembered(text: str | None, now: float) -> Remembered:
    """What was kept; nothing where it cannot be read, or is of a clock that is ahead of ours."""
    try:
        found = cast("dict[str, Any]", json.loads(text or "{}"))
        memory = _only(Memory, found.get("memory", {}))
        zones = cast("Mapping[str, dict[str, Any]]", memory.pop("zones", {}))
        read = {
            name: ZoneMemory(**_numbers(_only(ZoneMemory, zone))) for name, zone in zones.items()
        }
        levels = _numbers(memory.pop("levels", {}))
        found_memory = Memory(**_numbers(memory), zones=read, levels=levels)
        if (found_memory.seen_at or 0.0) > now:  # nothing would be learnt until then
            return Remembered()
        return Remembered(memory=found_memory, doomed=frozenset(found.get("doomed", ())))
    except (AttributeError, TypeError, ValueError):
        return Remembered()


def _numbers(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same; moments that never were are None.

    Raises:
        TypeError: when one is anything else: the policy would stumble over it at every look.
    """
    for name, value in values.items():
        may_be_none = name in _MAY_BE_NONE
        if not (isinstance(value, int | float) or (value is None and may_be_none)):
            raise TypeError(name)
    return values


def _only(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """What this version knows of: an older or newer one may have left other fields."""
    names = {each.name for each in fields(kind)}
    return {key: value for key, value in values.items() if key in names}
