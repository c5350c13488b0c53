"""What becomes of every resource of a stack, between two recordings of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from tokenfleet.review.cascade import Consequence, consequences
from tokenfleet.review.danger import Action, Danger, danger_of, guards_lifted, prominence, what_goes
from tokenfleet.review.differences import ABSENT, Difference, differences
from tokenfleet.review.force_new import (
    ForceNew,
    deletes_first,
    forces_replacement,
    known_types,
)
from tokenfleet.review.kinds.judged import with_what_is_behind
from tokenfleet.review.needs import without_unneeded
from tokenfleet.review.pools import with_models
from tokenfleet.review.resource_change import (
    GOES_WITH_IT,
    PropertyChange,
    Resource,
    ResourceChange,
)


def resource_changes(
    before: Iterable[Resource],
    after: Iterable[Resource],
    *,
    kept: Collection[str] = (),
    replaced: Collection[str] = (),
) -> Sequence[ResourceChange]:
    """Everything that is not as it was; components are no resources.

    The most dangerous first, of these what the most others follow from, and causes before what
    follows from them. From what is ``kept`` nothing follows, whatever becomes of it; from what is
    ``replaced`` what follows from a replacement.
    """
    every_old, every_new = ({each["urn"]: each for each in side} for side in (before, after))
    old, new = _custom(every_old), _custom(every_new)
    found = {
        urn: change
        for urn in old.keys() | new.keys()
        if (change := _change(old.get(urn), new.get(urn)))
    }
    found = {
        urn: replace(change, component=_whole(urn, change.action, every_old, every_new))
        for urn, change in found.items()
    }
    _follow(found, old, new, kept=kept, replaced=replaced)
    found = {change.urn: change for change in without_unneeded(found, old, new)}
    found = {change.urn: change for change in with_models(found, old, new)}
    return in_order(with_what_is_behind(found, old, new))


def in_order(changes: Iterable[ResourceChange]) -> Sequence[ResourceChange]:
    """The most dangerous first, and causes before what follows from them."""
    found = {change.urn: change for change in changes}
    followers = Counter(change.follows for change in found.values())
    return sorted(
        found.values(),
        key=lambda change: (
            -change.danger.rank,
            _depth(change, found),
            prominence(change.type),
            -followers[change.urn],
            change.type,
            change.urn,
        ),
    )


def _depth(change: ResourceChange, found: Mapping[str, ResourceChange]) -> int:
    """How many causes stand before it."""
    depth = 0
    while change.follows in found:
        change, depth = found[change.follows], depth + 1
    return depth


def _custom(resources: Mapping[str, Resource]) -> Mapping[str, Resource]:
    return {urn: each for urn, each in resources.items() if not each["isComponent"]}


def _whole(
    urn: str, action: Action, old: Mapping[str, Resource], new: Mapping[str, Resource]
) -> str:
    """The largest component around a resource that only one revision has."""
    if action not in {"create", "delete"}:
        return ""
    here, there = (new, old) if action == "create" else (old, new)
    largest, parent = "", here[urn]["parent"]
    while parent in here and parent not in there:
        largest, parent = parent, here[parent]["parent"]
    return largest


def _change(before: Resource | None, after: Resource | None) -> ResourceChange | None:
    if before is None and after is not None:
        return _made(None, after, "create")
    if after is None and before is not None:
        return _made(before, before, "delete")
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
    if any(each and each.outcome == "replace" for each in outcomes.values()):
        return _made(before, after, "replace", changed)
    refused = (_said(each) for each in outcomes.values() if each and each.outcome == "refused")
    return replace(_made(before, after, "update", changed), refused=next(refused, ""))


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
    match forced.outcome:
        case "refused":
            return f"an update of {forced.path} is refused: {forced.because}{doubt}"
        case "replaces-managed":
            return f"{forced.path}: {forced.because}{doubt}"
        case _:
            return f"{forced.path} cannot be changed in place{doubt}"


def _made(
    before: Resource | None,
    after: Resource,
    action: Action,
    properties: Sequence[PropertyChange] = (),
    following: Consequence | None = None,
) -> ResourceChange:
    """``before`` is None of what is new; ``after`` is the former of what is deleted."""
    type_token = cast("str", after["type"])
    kept = before is not None and bool(before["retainOnDelete"])
    reasons = [following.because] if following else []
    reasons += dict.fromkeys(each.forces for each in properties if each.forces)
    if before is not None and action in {"replace", "delete"}:
        reasons += _of_what_ends(before, after, action, kept=kept)
    if type_token not in known_types() and action == "update":
        reasons.append("its type is not in the table of replacements: it may be replaced instead")
    changed = {each.path: (each.before, each.after) for each in properties}
    changed |= dict.fromkeys(following.paths if following else (), (None, None))
    danger = danger_of(after, action, changed, is_kept=kept)
    if action == "update":
        reasons += guards_lifted(changed)
    return ResourceChange(
        urn=after["urn"],
        type=type_token,
        name=after["name"],
        action=action,
        danger=Danger.OUTAGE if following and following.is_refused else danger,
        refused=following.because if following and following.is_refused else "",
        properties=properties,
        because=reasons,
        follows=following.source if following else "",
        component="",
    )


def _of_what_ends(
    before: Resource, after: Resource, action: Action, *, kept: bool
) -> Iterable[str]:
    if before["protect"]:
        yield "it is protected: Pulumi refuses until that is lifted"
    if action == "replace" and (
        after["deleteBeforeReplace"]
        or deletes_first(after["type"], before["inputs"], after["inputs"])
    ):
        yield "it is deleted before the new one is created"
    if kept:
        yield "what was there stays behind, unmanaged (retainOnDelete)"
    elif gone := what_goes(after["type"]):
        yield f"{GOES_WITH_IT}{gone}"


def _follow(
    found: dict[str, ResourceChange],
    old: Mapping[str, Resource],
    new: Mapping[str, Resource],
    *,
    kept: Collection[str],
    replaced: Collection[str],
) -> None:
    """Add what follows from what is replaced, and not kept."""
    causes = [
        *replaced,
        *(urn for urn, each in found.items() if each.action == "replace" and urn not in kept),
    ]
    moved = [
        urn
        for urn, change in found.items()
        if change.action == "update"
        and urn not in kept
        and new[urn]["type"].startswith("pulumi:providers:")
        and any(
            forced and forced.outcome == "replaces-managed"
            for each in change.properties
            if (forced := _again(new[urn], each))
        )
    ]
    for urn, following in consequences(causes, moved, old, new, kept).items():
        known = found.get(urn)
        is_worse = following.action == "replace" or (
            following.is_refused and known and known.action == "update"
        )
        if known and not is_worse:
            continue
        found[urn] = _made(
            old[urn], new[urn], following.action, known.properties if known else (), following
        )
    for urn in moved:
        dangers = (each.danger for each in found.values() if each.follows == urn)
        worst = max((found[urn].danger, *dangers), key=lambda danger: danger.rank)
        found[urn] = replace(found[urn], danger=worst)


def _again(resource: Resource, change: PropertyChange) -> ForceNew | None:
    return forces_replacement(
        resource["type"], change.path, change.before, change.after, inputs=resource["inputs"]
    )
