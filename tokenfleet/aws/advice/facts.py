"""What is asked of an account about a stack, and what it answered."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.places.quotas import Market

Supportability = Literal["high", "medium", "low", "unsupported"]
"""Of an amount of nodes: EC2 holds several times it, can just cover it, holds less, or has no such types."""


@dataclass(frozen=True, kw_only=True)
class Tier:
    """What a tier may ask for: nodes at most, of any of its types."""

    pool: str
    market: Market
    instance_types: Sequence[str]
    nodes: int


@dataclass(frozen=True, kw_only=True)
class Question:
    """A stack as an account is asked about it; zones by name, tiers without reserved ones."""

    region: str
    zones: Sequence[str]
    instance_types: Sequence[str]
    tiers: Sequence[Tier]
    image_ids: Sequence[str]
    """Machine images that the stack file gives."""

    @property
    def spot_tiers(self) -> Sequence[Tier]:
        """Those that buy on spot."""
        return [tier for tier in self.tiers if tier.market == "spot"]


@dataclass(frozen=True, kw_only=True)
class SpotPrice:
    """An hour of a type in a zone, US dollars: now, and over the week before; the mean is over time."""

    now_usd: float
    week_low_usd: float
    week_mean_usd: float
    week_high_usd: float


@dataclass(frozen=True, kw_only=True)
class SpotHistory:
    """What became of all the account's own spot instances in a zone, of any type.

    ``interrupted_percent`` is of those that ran, ``hours_before_interruption`` the mean of those
    interrupted, ``fulfilled_percent`` of what was asked for. None where AWS gives no figure.
    """

    interrupted_percent: float | None
    hours_before_interruption: float | None
    fulfilled_percent: float | None


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A quota as the account has it, in vCPUs."""

    name: str
    vcpus: float


@dataclass(frozen=True, kw_only=True)
class MachineImage:
    """An image that the account may start instances from: for what, whether yet, and its volumes."""

    architecture: str
    state: str
    gib_by_device: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What an account says; None where it could not be asked, and then ``not_known`` says why."""

    zone_ids: Mapping[str, str] | None
    """The id of each zone of the region that the account may use, by name."""
    offers: Mapping[str, frozenset[str]] | None
    """Ids of the zones that offer a type, by type; a type that the region lacks is absent."""
    prices: Mapping[str, Mapping[str, SpotPrice]] | None
    """By type and zone name."""
    scores: Mapping[str, Mapping[str, int]]
    """Placement scores from 1 to 10 by pool and zone id, for pools with types enough for one."""
    history: Mapping[str, SpotHistory] | None
    """By zone id; None also where Capacity Manager is off."""
    supportability: Mapping[tuple[str, Market], Supportability]
    """How much of a tier EC2 has now, over all types and zones."""
    quotas: Mapping[str, Quota] | None
    """By code."""
    images: Mapping[str, MachineImage] | None
    """By id; one that the account may not use is absent."""
    not_known: Sequence[str]
    asked_at: dt.datetime
