"""From the launch of a node to the first token: how long it takes, and what limits it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.plan.ranges import Range
from tokenfleet.plan.start.fetches import Fetch
from tokenfleet.plan.start.stages import Preparation, Stage, in_turn, launch

SPOT_NOTICE_SECONDS = 120
"""Between the notice of a spot interruption and the end of the node (EC2 user guide)."""

NoticeMet = Literal["always", "expected", "at best", "never"]
"""Where in its range a start is over within a spot notice."""

# An assumption: giving up on a start that makes progress begins it anew, waiting too long
# only delays a fallback. The figures are others' measurements, not of these machines.
_DEADLINE_MARGIN = 1.5


@dataclass(frozen=True, kw_only=True)
class ColdStart:
    """What a replica on a new node waits for, in seconds.

    ``total`` = boot + together + load + warm-up, from the launch of the node to a replica that
    is ready and warm. ``together`` is how long join, image pull and weights take side by side.
    ``until_ready`` = ``before`` + ``total``, from a pod that finds no node: what a spot notice
    leaves its seconds for. ``fetches`` are the bytes of image and weights, and their way.
    """

    instance_type: str
    engine: str
    prepared: Preparation
    precompiled: bool
    """Whether compiled code comes with the weights."""
    before: Stage
    boot: Stage
    join: Stage
    image: Stage
    weights: Stage
    together: Stage
    load: Stage
    warm_up: Stage
    total: Range
    until_ready: Range
    fetches: Sequence[Fetch]

    @property
    def stages(self) -> Mapping[str, Stage]:
        """The stages as a reader knows them; join and image pull run beside weights."""
        return {
            "launch": self.before,
            "boot": self.boot,
            "join": self.join,
            "image pull": self.image,
            "weights": self.weights,
            "engine load": self.load,
            "warm-up": self.warm_up,
        }

    @property
    def notice_met(self) -> NoticeMet:
        """Whether a replacement is ready before a reclaimed spot node is gone."""
        if self.until_ready.high <= SPOT_NOTICE_SECONDS:
            return "always"
        if self.until_ready.expected <= SPOT_NOTICE_SECONDS:
            return "expected"
        return "at best" if self.until_ready.low <= SPOT_NOTICE_SECONDS else "never"


@dataclass(frozen=True, kw_only=True)
class StartDeadlines:
    """When to give up, in seconds: on a node, on the engine's start, on a rollout."""

    provision_seconds: int
    start_seconds: int
    rollout_seconds: int


def slowest(starts: Sequence[ColdStart]) -> ColdStart:
    """The worst start of a pool's types."""
    return max(starts, key=lambda start: (start.total.expected, start.total.high))


def start_deadlines(starts: Sequence[ColdStart]) -> StartDeadlines:
    """Deadlines that hold on every type of a pool: high ends, and half as much again.

    provision = launch by the group + boot + join with device registration; start = load +
    warm-up, the engine alone; rollout = one tier that yields no node, then all stages of
    another, in whole minutes. The half is an assumption.
    """
    yielding = max(_high(launch(), start.boot, start.join) for start in starts)
    starting = max(_high(start.load, start.warm_up) for start in starts)
    everything = max(start.until_ready.high for start in starts)
    provision = math.ceil(_DEADLINE_MARGIN * yielding)
    return StartDeadlines(
        provision_seconds=provision,
        start_seconds=math.ceil(_DEADLINE_MARGIN * starting),
        rollout_seconds=math.ceil((provision + _DEADLINE_MARGIN * everything) / 60) * 60,
    )


def _high(*stages: Stage) -> float:
    return in_turn(*stages).seconds.high
