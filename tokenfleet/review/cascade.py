"""What hangs on something that is replaced: replaced with it, or updated once the new one is there."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, Literal, cast

from tokenfleet.recording.recorded import UNKNOWN
from tokenfleet.review.force_new import ForceNew, forces_replacement, known_types

Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What becomes of a resource because of another; ``paths`` are the inputs that come from it."""

    source: str
    """URN of the other."""
    action: Literal["replace", "update"]
    because: str
    paths: Sequence[str]
    is_refused: bool = False
    """Whether the cloud takes no such update, so that the deployment stops there."""


def consequences(
    replaced: Collection[str],
    moved: Collection[str],
    old: Mapping[str, Resource],
    new: Mapping[str, Resource],
    kept: Collection[str] = (),
) -> Mapping[str, Consequence]:
    """What follows from replaced resources, and from providers that are moved to another region.

    Nothing follows for what is ``kept``, nor from it.

    Whatever a replaced resource says of itself is unknown until it is there, so the engine sees
    each property that is made of it as changed.
    """
    gone, found = set(replaced), dict[str, Consequence]()
    for urn in _causes_first(new):
        if urn not in old or urn in kept:
            continue
        consequence = _of(new[urn], gone, moved, new)
        if consequence:
            found[urn] = consequence
            if consequence.action == "replace":
                gone.add(urn)
    return found


def _causes_first(resources: Mapping[str, Resource]) -> Iterator[str]:
    order = TopologicalSorter[str]()
    for urn, resource in sorted(resources.items()):
        order.add(urn, *(source for source in sorted(_sources(resource)) if source in resources))
    yield from order.static_order()


def _sources(resource: Resource) -> Collection[str]:
    named = {urn for urns in resource["propertyDependencies"].values() for urn in urns}
    return {*named, resource["provider"]}


def _of(
    resource: Resource,
    gone: Collection[str],
    moved: Collection[str],
    resources: Mapping[str, Resource],
) -> Consequence | None:
    provider = resource["provider"]
    if provider in gone:
        because = f"its provider {resources[provider]['name']} is replaced"
        return Consequence(source=provider, action="replace", because=because, paths=())
    if provider in moved and _is_regional(resource):
        because = f"its provider {resources[provider]['name']} is moved to another region"
        return Consequence(source=provider, action="replace", because=because, paths=())
    found = list(_hanging(resource, gone, resources))
    # What is done to it in the end, a replacement before an update that may be refused.
    rank = {("replace", False): 0, ("update", True): 1, ("update", False): 2}
    return min(found, key=lambda each: rank[each.action, each.is_refused], default=None)


def _is_regional(resource: Resource) -> bool:
    """Whether its type takes a region; one that nothing is known of may."""
    type_token: str = resource["type"]
    if type_token not in known_types():
        return True
    moved = forces_replacement(type_token, "region", "a", "b")
    return moved is not None and moved.unsure is None


def _hanging(
    resource: Resource, gone: Collection[str], resources: Mapping[str, Resource]
) -> Iterator[Consequence]:
    ignored = {*resource["ignoreChanges"]}
    for prop, sources in sorted(resource["propertyDependencies"].items()):
        for source in sources:
            if source not in gone or prop in ignored:
                continue
            paths = _made_of(prop, resource["inputs"].get(prop), resources[source]["name"])
            outcomes = {path: found for path in paths if (found := _forces(resource, path))}
            forced = [path for path, found in outcomes.items() if found.outcome == "replace"]
            because = (
                f"{(forced or paths)[0]} comes from {resources[source]['name']}, which is replaced"
            )
            if forced:
                yield Consequence(source=source, action="replace", because=because, paths=forced)
            elif refused := [found for found in outcomes.values() if found.outcome == "refused"]:
                because = f"{because}, and an update is refused: {refused[0].because}"
                yield Consequence(
                    source=source, action="update", because=because, paths=paths, is_refused=True
                )
            elif str(resources[source]["type"]).startswith("aws:"):
                # A name in Kubernetes is known before: it is given, and stays what it was.
                yield Consequence(source=source, action="update", because=because, paths=paths)


def _forces(resource: Resource, path: str) -> ForceNew | None:
    return forces_replacement(resource["type"], path, UNKNOWN, UNKNOWN, inputs=resource["inputs"])


def _made_of(prop: str, value: object, name: str) -> Sequence[str]:
    """Where a value has something of a resource of that name: all of it, where nothing says."""
    return list(_mentions(prop, value, name)) or [prop]


def _mentions(path: str, value: object, name: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, entry in cast("Mapping[str, object]", value).items():
            inner = f'{path}["{key}"]' if "." in key else f"{path}.{key}"
            yield from _mentions(inner, entry, name)
    elif isinstance(value, list):
        for place, entry in enumerate(cast("list[object]", value)):
            yield from _mentions(f"{path}[{place}]", entry, name)
    elif value == UNKNOWN or name in str(value):
        yield path
