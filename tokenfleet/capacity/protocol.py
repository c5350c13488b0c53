"""A policy behind lines of JSON: one observation in, one answer out, so that others can judge it.

The first message names the pool, ``{"init": {"N", "zones", "boot_s", "spot_price", "notice_s",
"fail_delay_s"}}``. Each one after it is an observation, ``{"t", "zones": {zone: {"ready",
"booting", "asked", "notice", "failed", "reclaimed"}}, "od": {"ready", "booting"}}``, and is
answered by ``{"spot": {zone: nodes}, "od": nodes, "sleep_s": seconds}``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from tokenfleet.capacity.policy.decide import decide
from tokenfleet.capacity.policy.knobs import Knobs
from tokenfleet.capacity.policy.memory import Memory
from tokenfleet.capacity.policy.observation import Observation, OnDemandSeen, ZoneSeen

Message = Mapping[str, object]


class ProtocolError(ValueError):
    """A message that the protocol does not know; says which and why."""


class Player:
    """One pool of a judge: its observations in, levels out."""

    def __init__(self, wanted: int, knobs: Knobs) -> None:
        self._wanted = wanted
        self._knobs = knobs
        self._memory = Memory()
        self._on_demand_asked = 0

    def step(self, message: Message) -> dict[str, object]:
        """The answer to an observation."""
        seen = self._observation(message)
        actions, self._memory = decide(seen, self._memory, self._knobs)
        self._on_demand_asked = actions.on_demand
        return {
            "spot": actions.spot,
            "od": actions.on_demand,
            "sleep_s": actions.sleep_seconds,
        }

    def _observation(self, message: Message) -> Observation:
        zones = cast("Mapping[str, Mapping[str, int]]", message["zones"])
        od = cast("Mapping[str, int]", message["od"])
        held = od["ready"] + od["booting"]
        # A judge without word of refusals shows them by nodes that did not come.
        refused = od.get("failed", max(0, self._on_demand_asked - held))
        return Observation(
            now=cast("float", message["t"]),
            wanted=self._wanted,
            zones={name: _zone(zone) for name, zone in zones.items()},
            on_demand=OnDemandSeen(ready=od["ready"], booting=od["booting"], refused=refused),
        )


def _zone(zone: Mapping[str, int]) -> ZoneSeen:
    return ZoneSeen(
        ready=zone["ready"],
        booting=zone["booting"],
        asked=zone["asked"],
        doomed=zone["notice"],
        refused=zone["failed"],
        reclaimed=zone["reclaimed"],
        warned=bool(zone.get("risk")),
    )
