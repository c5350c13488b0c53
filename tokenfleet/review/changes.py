"""What becomes of every resource of a stack, between two recordings of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tokenfleet.recording.recorded import UNKNOWN
from tokenfleet.review.danger import Action, Danger, danger_of, what_goes
from tokenfleet.review.differences import ABSENT, Difference, differences
from tokenfleet.review.force_new import ForceNew, forces_replacement, known_types

Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    """One place of a resource's inputs; a value that is not there is None.

    ``forces`` says what it does beyond an update, and ``source`` who says so; both may be empty.
    """

    path: str
    before: object
    after: object
    forces: str
    source: str


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """A resource that is created, updated, replaced or deleted, and why."""

    urn: str
    type: str
    name: str
    action: Action
    danger: Danger
    properties: Sequence[PropertyChange]
    because: Sequence[str]
    follows: str
    """URN of the replaced resource that it hangs on, where nothing else forces it; else empty."""


def resource_changes(
    before: Iterable[Resource], after: Iterable[Resource]
) -> Sequence[ResourceChange]:
    """Everything that is not as it was, the most dangerous first; components are no resources."""
    old, new = _by_urn(before), _by_urn(after)
    found = {
        urn: change
        for urn in old.keys() | new.keys()
        if (change := _change(old.get(urn), new.get(urn)))
    }
    _follow(found, old, new)
    return sorted(
        found.values(), key=lambda change: (-change.danger.rank, bool(change.follows), change.urn)
    )


def _by_urn(resources: Iterable[Resource]) -> Mapping[str, Resource]:
    return {each["urn"]: each for each in resources if not each["isComponent"]}


def _change(before: Resource | None, after: Resource | None) -> ResourceChange | None:
    if before is None and after is not None:
        return _made(after, "create")
    if after is None and before is not None:
        return _made(before, "delete", kept=before["retainOnDelete"], guarded=before["protect"])
    if before is None or after is None:
        return None
    ignored = {*after["ignoreChanges"]}
    found = [
        each
        for each in differences(before["inputs"], after["inputs"])
        if each.root not in ignored and each.path not in ignored
    ]
    if not found:
        return None
    outcomes = {each.path: _forced(after, each) for each in found}
    changed = [_property(each, outcomes[each.path]) for each in found]
    forced = any(each and each.outcome != "refused" for each in outcomes.values())
    return _made(
        after,
        "replace" if forced else "update",
        changed,
        kept=before["retainOnDelete"],
        guarded=before["protect"],
    )


def _forced(resource: Resource, difference: Difference) -> ForceNew | None:
    before, after = (
        None if value is ABSENT else value for value in (difference.before, difference.after)
    )
    return forces_replacement(
        resource["type"], difference.path, before, after, inputs=resource["inputs"]
    )


def _property(difference: Difference, forced: ForceNew | None) -> PropertyChange:
    return PropertyChange(
        path=difference.path,
        before=None if difference.before is ABSENT else difference.before,
        after=None if difference.after is ABSENT else difference.after,
        forces=_said(forced) if forced else "",
        source=forced.source if forced else "",
    )


def _said(forced: ForceNew) -> str:
    doubt = f" (careful: {forced.unsure})" if forced.unsure else ""
    if forced.outcome == "refused":
        return f"an update of {forced.path} is refused{doubt}"
    return f"{forced.path} cannot be changed in place{doubt}"


def _made(
    resource: Resource,
    action: Action,
    properties: Sequence[PropertyChange] = (),
    *,
    because: Sequence[str] = (),
    kept: bool = False,
    guarded: bool = False,
    follows: str = "",
) -> ResourceChange:
    type_token = cast("str", resource["type"])
    reasons = list(because)
    reasons += dict.fromkeys(each.forces for each in properties if each.forces)
    if action in {"replace", "delete"}:
        if guarded:
            reasons.append("it is protected: Pulumi refuses until that is lifted")
        if kept:
            reasons.append("what was there stays behind, unmanaged (retainOnDelete)")
        elif gone := what_goes(type_token):
            reasons.append(f"with it goes: {gone}")
    if type_token not in known_types() and action == "update":
        reasons.append("its type is not in the table of replacements: it may be replaced instead")
    return ResourceChange(
        urn=resource["urn"],
        type=type_token,
        name=resource["name"],
        action=action,
        danger=danger_of(resource, action, [each.path for each in properties], is_kept=kept),
        properties=properties,
        because=reasons,
        follows=follows,
    )


def _follow(
    found: dict[str, ResourceChange], old: Mapping[str, Resource], new: Mapping[str, Resource]
) -> None:
    """Replace what hangs on something that is replaced by a property that forces it.

    Whatever a replaced resource says of itself is unknown until it is there, so the engine sees
    each property that is made of it as changed.
    """
    waiting = [urn for urn, change in found.items() if change.action == "replace"]
    while waiting:
        replaced = waiting.pop()
        name = found[replaced].name
        for urn, resource in new.items():
            if urn not in old or (urn in found and found[urn].action == "replace"):
                continue
            hanging = [
                prop
                for prop, sources in resource["propertyDependencies"].items()
                if replaced in sources
            ]
            forcing = [
                (prop, forced)
                for prop in hanging
                if (
                    forced := forces_replacement(
                        resource["type"], prop, UNKNOWN, UNKNOWN, inputs=resource["inputs"]
                    )
                )
                and forced.outcome != "refused"
            ]
            if resource["provider"] == replaced:
                because = [f"its provider {name} is replaced"]
            elif forcing:
                because = [f"{prop} comes from {name}, which is replaced" for prop, _ in forcing]
            else:
                continue
            before = old[urn]
            known = found[urn].properties if urn in found else ()
            found[urn] = _made(
                resource,
                "replace",
                known,
                because=because,
                follows=replaced,
                kept=before["retainOnDelete"],
                guarded=before["protect"],
            )
            waiting.append(urn)
