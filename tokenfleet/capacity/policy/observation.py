"""What a policy is told about one pool, and what it answers.

None of it is changed once it is made; what every step makes is not frozen, for speed (memory.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class ZoneSeen:
    """The spot nodes of one zone.

    ``ready`` and ``booting`` are not under notice, ``doomed`` are. ``asked``: requested, not
    answered yet. ``refused`` and ``reclaimed`` (notices) happened since the observation before.
    ``warned``: a rebalance recommendation stands.
    """

    ready: int = 0
    booting: int = 0
    asked: int = 0
    doomed: int = 0
    refused: int = 0
    reclaimed: int = 0
    warned: bool = False

    @property
    def held(self) -> int:
        """Nodes that are paid for and are to stay."""
        return self.ready + self.booting


@dataclass(frozen=True, kw_only=True, slots=True)
class OnDemandSeen:
    """The on-demand nodes; ``refused`` since the observation before.

    ``warm``: those that wait stopped, with what they need on their disks, and can be started now.
    """

    ready: int = 0
    booting: int = 0
    refused: int = 0
    warm: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSeen:
    """A model of the pool: nodes it wants, how many of its replicas are on demand.

    ``busy``: a rollout, a person's pause or a move of its own is under way.
    """

    wanted: int
    on_demand: int
    busy: bool = False


@dataclass(kw_only=True, slots=True)
class Observation:
    """One pool at ``now``, in seconds since any fixed moment; ``wanted`` nodes are to serve.

    A zone that could not be looked at is left out: nothing is asked there, and nothing there
    is relied upon.
    """

    now: float
    wanted: int
    zones: Mapping[str, ZoneSeen]
    on_demand: OnDemandSeen
    models: Mapping[str, ModelSeen] = field(default_factory=dict[str, ModelSeen])


@dataclass(kw_only=True, slots=True)
class Actions:
    """Levels to bring about, so that doing it twice changes nothing.

    ``spot``: nodes by zone, those under notice not counted; zones left out stay as they are.
    ``moves``: models of which one replica may now return from on demand to spot.
    ``sleep_seconds``: nothing is to do before, unless something happens.
    """

    spot: Mapping[str, int]
    on_demand: int
    moves: Sequence[str]
    sleep_seconds: float
