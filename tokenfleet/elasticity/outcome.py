"""What became of a load under a rule."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Means over five minutes from a ``second`` on: requests in flight, slots that serve, replicas asked for."""

    second: int
    in_flight: float
    slots: float
    replicas: float
    refused_per_second: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a rule reached.

    ``within`` is the share of the admitted requests that did not wait longer than the objective leaves,
    ``shed`` the share of all that was refused: with 429 as every replica was full, or with 503 as
    there was none. ``replica_hours`` are those asked for, starts
    included, ``utilisation`` the share of their slots that was in use. ``flaps`` are replicas
    asked for again within a quarter of an hour after one went. ``course`` is empty where nobody looks at it.
    """

    rule: str
    requests: int
    within: float
    shed: float
    replica_hours: float
    utilisation: float
    flaps: int
    fewest: int
    most: int
    course: Sequence[Moment]
