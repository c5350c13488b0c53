"""Hardware that is known, and for which no engine is pinned: why, and what to use instead."""

from collections.abc import Mapping
from functools import cache

import yaml
from pydantic import TypeAdapter

from tokenfleet.catalogue.facts import Fact, data_file


class Unserved(Fact):
    """One kind of hardware without an engine. ``instead`` names hardware that has one."""

    title: str
    families: tuple[str, ...]
    reason: str
    instead: str
    source: str

    @property
    def way_out(self) -> str:
        """The reason, and what to use."""
        return f"{self.reason}. Use {self.instead}"


@cache
def unserved_hardware() -> Mapping[str, Unserved]:
    """By the name that a pool could give."""
    rows = yaml.load(data_file("unserved.yaml"), Loader=yaml.CSafeLoader)
    return TypeAdapter(dict[str, Unserved]).validate_python(rows)


def unserved(family: str) -> Unserved | None:
    """What a family of instance types has that no engine is pinned for; None where there is one."""
    rows = unserved_hardware().values()
    return next((row for row in rows if family in row.families), None)
