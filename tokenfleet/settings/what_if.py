"""The same stack under other circumstances: edits of its keys, checked like the keys themselves."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

Keys = dict[str, Any]

# An image, a certificate and a secret are of one region, and zone ids of zones that are.
_OF_ONE_REGION = (
    ("network", "zoneIds"),
    ("cluster", "systemNodes", "imageId"),
    ("cluster", "imageCache"),
    ("cluster", "digests"),
    ("edge", "certificateArn"),
)


@dataclass(frozen=True, kw_only=True)
class StackEdit:
    """What is different; everything else stays as the stack file says.

    ``load`` multiplies the request rates that are there. ``traffic_by_model`` holds keys of a
    model's ``traffic``, ``types_by_pool`` instance types. ``assumed_traffic`` fills up what a
    model without traffic lacks once some of it is given. Without ``baked``, nodes start from what
    they would if nothing were.
    """

    region: str | None = None
    load: float = 1.0
    traffic_by_model: Mapping[str, Mapping[str, float]] = field(
        default_factory=dict[str, Mapping[str, float]]
    )
    types_by_pool: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    assumed_traffic: Mapping[str, float] = field(default_factory=dict[str, float])
    baked: bool = True


def edited(keys: Mapping[str, object], edit: StackEdit) -> Mapping[str, object]:
    """The keys of a stack file after an edit; what is malformed is left for the checks to report.

    Without what the file says is published: another load may compile other code, and the
    question is not what to deploy.
    """
    found = copy.deepcopy(cast("Keys", dict(keys)))
    for name, model in _entries(found, "models"):
        model.pop("published", None)
        traffic = edit.traffic_by_model.get(name, {})
        if traffic:
            present = model.get("traffic")
            given = cast("Keys", present) if isinstance(present, dict) else {}
            model["traffic"] = {**(given or edit.assumed_traffic), **traffic}
        rate = model.get("traffic")
        if edit.load != 1.0 and isinstance(rate, dict):
            _multiply(cast("Keys", rate), edit.load)
    for name, pool in _entries(found, "pools"):
        if name in edit.types_by_pool:
            pool["instanceTypes"] = list(edit.types_by_pool[name])
        if not edit.baked:
            pool.pop("baked", None)
    if edit.region is not None:
        _move(found, edit.region)
    return found


def _multiply(traffic: Keys, load: float) -> None:
    rate = traffic.get("requestsPerSecond")
    if isinstance(rate, int | float):
        traffic["requestsPerSecond"] = rate * load


def _move(keys: Keys, region: str) -> None:
    """To another region: zones keep their letter; what exists in one region only stays behind."""
    for path in _OF_ONE_REGION:
        section, key = _section(keys, path[:-1]), path[-1]
        section.pop(key, None)
    for _, pool in _entries(keys, "pools"):
        pool.pop("imageId", None)
        pool.pop("baked", None)
    before = keys.get("region")
    network = keys.get("network")
    if isinstance(before, str) and isinstance(network, dict):
        zones = cast("Keys", network).get("zones")
        if isinstance(zones, list):
            cast("Keys", network)["zones"] = [
                _zone(zone, before, region) for zone in cast("list[object]", zones)
            ]
        for _, pool in _entries(keys, "pools"):
            for _, tier in _entries(pool, "tiers"):
                reservation = tier.get("reservation")
                if isinstance(reservation, dict):
                    place = cast("Keys", reservation)
                    place["zone"] = _zone(place.get("zone"), before, region)
    keys["region"] = region


def _section(keys: Keys, path: Sequence[str]) -> Keys:
    for name in path:
        inner = keys.get(name)
        keys = cast("Keys", inner) if isinstance(inner, dict) else {}
    return keys


def _zone(zone: object, before: str, region: str) -> object:
    if isinstance(zone, str) and zone.startswith(before):
        return region + zone.removeprefix(before)
    return zone


def _entries(keys: Keys, section: str) -> Iterator[tuple[str, Keys]]:
    entries = keys.get(section)
    if isinstance(entries, dict):
        for name, entry in cast("Keys", entries).items():
            if isinstance(entry, dict):
                yield name, cast("Keys", entry)
