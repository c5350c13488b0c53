"""What a controller leaves to the next one, as JSON; losing it costs time, nothing else."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, cast

from tokenfleet.capacity.policy.memory import Memory, ZoneMemory


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """Of one pool: the policy's memory, and which instances were known to be under notice."""

    memory: Memory = field(default_factory=Memory)
    doomed: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """As it is kept."""
        memory = asdict(self.memory)
        return json.dumps({"memory": memory, "doomed": sorted(self.doomed)}, sort_keys=True)


def remembered(text: str | None) -> Remembered:
    """What was kept; nothing where it cannot be read."""
    try:
        found = cast("dict[str, Any]", json.loads(text or "{}"))
        memory = _only(Memory, found.get("memory", {}))
        zones = cast("Mapping[str, dict[str, Any]]", memory.pop("zones", {}))
        read = {name: ZoneMemory(**_only(ZoneMemory, zone)) for name, zone in zones.items()}
        return Remembered(
            memory=Memory(**memory, zones=read), doomed=frozenset(found.get("doomed", ()))
        )
    except (AttributeError, TypeError, ValueError):
        return Remembered()


def _only(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """What this version knows of: an older or newer one may have left other fields."""
    names = {each.name for each in fields(kind)}
    return {key: value for key, value in values.items() if key in names}
