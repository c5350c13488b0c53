"""What plays against a trace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tokenfleet.capacity.policy.decide import decide
from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.policy.memory import Memory
from tokenfleet.capacity.policy.observation import Observation

NEVER = 1e9
"""A sleep that only an event ends."""


@dataclass(kw_only=True, slots=True)
class Wish:
    """Levels. ``fleet``: spot nodes in all, in whichever zone has some, the emptiest first.

    Not frozen, because every step has one.
    """

    on_demand: int
    spot: Mapping[str, int] = field(default_factory=dict[str, int])
    fleet: int | None = None
    sleep_seconds: float = NEVER


class Player(Protocol):
    """A policy with what it remembers."""

    def step(self, seen: Observation) -> Wish:
        """What it wishes now."""
        ...


class Deciding:
    """The policy that runs in the cluster."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._memory = Memory()

    def step(self, seen: Observation) -> Wish:
        """What ``decide`` wants."""
        actions, self._memory = decide(seen, self._memory, self._knobs)
        return Wish(
            on_demand=actions.on_demand, spot=actions.spot, sleep_seconds=actions.sleep_seconds
        )
