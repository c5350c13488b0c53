"""What the controller is told by the plan: ``settings.json``, read once at its start."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

from tokenfleet.capacity.policy.knobs import Knobs

RESERVED, SPOT, ON_DEMAND = "reserved", "spot", "on-demand"
_T = TypeVar("_T")


class SettingsError(ValueError):
    """The settings do not say what is needed; says where."""


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """``grace_seconds``: from an eviction to the end of a replica. ``start_seconds``: to get ready."""

    grace_seconds: float
    start_seconds: float


@dataclass(frozen=True, kw_only=True)
class WarmSettings:
    """So many ``nodes`` wait stopped; one that was drawn shows within ``draw_seconds``, or never."""

    nodes: int
    draw_seconds: float


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """One pool: its Auto Scaling groups and fewest and most nodes by tier, its models by name.

    ``zones`` are those of the spot group. A node that has not joined ``provision_seconds`` after
    its launch never will. ``warm``: of its on-demand group, where that has a warm pool.
    """

    name: str
    groups: Mapping[str, str]
    zones: Sequence[str]
    bounds: Mapping[str, tuple[int, int]]
    knobs: Knobs
    provision_seconds: float
    models: Mapping[str, ModelSettings]
    dry_run: bool
    warm: WarmSettings | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of one cluster; the models' Deployments are in ``namespace``."""

    region: str
    namespace: str
    state_namespace: str
    state_name: str
    notice_seconds: float
    interval_seconds: float
    metrics_port: int
    pools: Mapping[str, PoolSettings]

    @property
    def tier_by_group(self) -> Mapping[str, tuple[str, str]]:
        """Pool and tier by the name of the group."""
        return {
            group: (pool.name, tier)
            for pool in self.pools.values()
            for tier, group in pool.groups.items()
        }


def read_settings(text: str) -> Settings:
    """The settings in a JSON document.

    Raises:
        SettingsError: when a key is missing, unknown or of another type.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        msg = f"settings: {error}"
        raise SettingsError(msg) from error
    values = _section("settings", found, Settings)
    pools = _mapping("settings.pools", values.get("pools"))
    values["pools"] = {name: _pool(name, pool) for name, pool in pools.items()}
    return _built("settings", Settings, values)


def _pool(name: str, found: object) -> PoolSettings:
    where = f"settings.pools.{name}"
    values = _section(where, {"name": name, **_mapping(where, found)}, PoolSettings)
    knobs = _section(f"{where}.knobs", values.get("knobs"), Knobs)
    pairs = _mapping(f"{where}.bounds", values.get("bounds"))
    bounds = {tier: _bounds(f"{where}.bounds.{tier}", pair) for tier, pair in pairs.items()}
    # The policy may know no more than there is; a tier that does not exist has no node.
    spot, on_demand = (bounds.get(tier, (0, 0)) for tier in (SPOT, ON_DEMAND))
    knobs |= {"spot_least": spot[0], "spot_most": spot[1]}
    knobs |= {"on_demand_least": on_demand[0], "on_demand_most": on_demand[1]}
    models = _mapping(f"{where}.models", values.get("models"))
    if "warm" in values:
        warm = _section(f"{where}.warm", values["warm"], WarmSettings)
        values["warm"] = _built(f"{where}.warm", WarmSettings, warm)
    values |= {
        "knobs": _built(f"{where}.knobs", Knobs, knobs),
        "bounds": bounds,
        "models": {
            model: _built(
                f"{where}.models.{model}",
                ModelSettings,
                _section(f"{where}.models.{model}", of_model, ModelSettings),
            )
            for model, of_model in models.items()
        },
    }
    return _built(where, PoolSettings, values)


def _section(where: str, found: object, kind: type) -> dict[str, Any]:
    """The values by field; every key has to be one of the kind's."""
    names = {_camel(field.name): field.name for field in fields(kind)}
    values = _mapping(where, found)
    unknown = sorted(values.keys() - names.keys())
    if unknown:
        msg = f"{where}: unknown {', '.join(unknown)}"
        raise SettingsError(msg)
    return {names[key]: value for key, value in values.items()}


def _mapping(where: str, found: object) -> dict[str, Any]:
    if not isinstance(found, dict):
        msg = f"{where}: not a mapping"
        raise SettingsError(msg)
    return cast("dict[str, Any]", found)


def _bounds(where: str, pair: object) -> tuple[int, int]:
    match pair:
        case [int(least), int(most)] if 0 <= least <= most:
            return least, most
        case _:
            msg = f"{where}: not the fewest and the most nodes"
            raise SettingsError(msg)


def _built(where: str, kind: Callable[..., _T], values: Mapping[str, Any]) -> _T:
    try:
        return kind(**values)
    except TypeError as error:
        msg = f"{where}: {error}"
        raise SettingsError(msg) from error


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
