"""What the engine itself says of a change: ``pulumi preview --json``, which asked the providers."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tokenfleet.counted import listed
from tokenfleet.given_file import GivenFileError, given_text
from tokenfleet.policies.values import items, mapping
from tokenfleet.review.changes import in_order, resource_changes
from tokenfleet.review.danger import Action, danger_of
from tokenfleet.review.resource_change import Resource, ResourceChange
from tokenfleet.review.revisions import RevisionError

_MOST_BYTES = 64 * 1024 * 1024
_ACTIONS: Mapping[str, Action | None] = {
    "same": None,
    "read": None,
    "refresh": None,
    "create": "create",
    "import": "create",
    "update": "update",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "discard-replaced": "replace",
    "remove-pending-replace": "replace",
    "import-replacement": "replace",
    "delete": "delete",
    "discard": "delete",
}
"""By ``op`` of a step (pulumi/pulumi, sdk/go/common/display and pkg/resource/deploy: step names)."""

EngineSteps = Mapping[str, tuple[Action | None, Sequence[str]]]
"""By URN: what is done, and the inputs that force a replacement."""


def read_steps(path: Path) -> EngineSteps:
    """Read what ``pulumi preview --json`` printed.

    Raises:
        RevisionError: it cannot be read, is no such document, or holds a step of an unknown kind.
    """
    flag = f"--engine-json {path}"
    try:
        found = cast("object", json.loads(given_text(path, _MOST_BYTES)))
    except GivenFileError as error:
        msg = f"{flag}: {error}"
        raise RevisionError(msg) from error
    except OSError as error:
        msg = f"{flag}: {error.strerror}"
        raise RevisionError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{flag}: is no JSON: {error}"
        raise RevisionError(msg, "it takes what pulumi preview --json prints") from error
    steps = mapping(found).get("steps")
    if not isinstance(steps, list):
        msg = f"{flag}: has no list of steps"
        raise RevisionError(msg, "it takes what pulumi preview --json prints")
    return dict(_step(flag, step) for step in cast("list[object]", steps))


def _step(flag: str, step: object) -> tuple[str, tuple[Action | None, Sequence[str]]]:
    entries = mapping(step)
    urn, op = entries.get("urn"), str(entries.get("op"))
    if not isinstance(urn, str) or op not in _ACTIONS:
        msg = f"{flag}: a step without a URN, or of an unknown kind: {op!r}"
        raise RevisionError(msg, "it takes what pulumi preview --json prints")
    return urn, (_ACTIONS[op], list(map(str, items(entries.get("replaceReasons")))))


@dataclass(frozen=True, kw_only=True)
class EngineView:
    """Changes as the engine sees them; ``said`` is what became of those that no step is about."""

    changes: Sequence[ResourceChange]
    said: Sequence[str]


def with_engine(
    changes: Sequence[ResourceChange],
    steps: EngineSteps,
    before: Sequence[Resource],
    after: Sequence[Resource],
) -> EngineView:
    """Changes as the engine sees them: it wins where it differs, and each change says so.

    A resource that the engine has no step for stays as it is: steps of what stays the same are
    printed only when they are asked for. But what would be replaced or updated only because of
    another one follows what the engine says of that one.
    """
    known = {each["urn"]: each for each in (*before, *after) if not each["isComponent"]}
    kept = set(_kept(changes, steps))
    if kept:
        replaced = [each.urn for each in changes if each.action == "replace"]
        still = [urn for urn in replaced if urn in steps and steps[urn][0] == "replace"]
        seen = resource_changes(before, after, kept=kept, replaced=still)
    else:
        seen = changes
    ours = {each.urn: each for each in seen}
    found = {**ours}
    for urn, (action, reasons) in steps.items():
        if urn not in known or (action is None and urn not in ours):
            continue
        if action is None:
            del found[urn]
            continue
        said = ours.get(urn)
        if said and said.action == action:
            continue
        found[urn] = _as_engine(known[urn], action, said, reasons)
    return EngineView(
        changes=in_order(found.values()), said=list(_spared(changes, kept, found, steps))
    )


def _kept(changes: Sequence[ResourceChange], steps: EngineSteps) -> Iterator[str]:
    """What others follow in our view, and the engine does not replace, or not change at all."""
    causes = {change.follows for change in changes}
    for change in changes:
        if change.urn in causes and change.urn in steps:
            action = steps[change.urn][0]
            if action is None or (change.action == "replace" and action == "update"):
                yield change.urn


def _spared(
    changes: Sequence[ResourceChange],
    kept: Collection[str],
    found: Mapping[str, ResourceChange],
    steps: EngineSteps,
) -> Iterator[str]:
    """What is not done any more, by the cause that the engine spares."""
    ours = {change.urn: change for change in changes}
    spared: dict[str, list[str]] = {}
    for change in changes:
        now = found.get(change.urn)
        if change.urn in steps or (now and now.action == change.action):
            continue
        cause = change
        while cause.urn not in kept and cause.follows in ours:
            cause = ours[cause.follows]
        spared.setdefault(cause.name, []).append(change.name)
    for cause, names in spared.items():
        yield (f"{cause}: the engine does not replace it, so these do not follow: {listed(names)}.")


def _as_engine(
    resource: Resource, action: Action, said: ResourceChange | None, reasons: Sequence[str]
) -> ResourceChange:
    forced = f" because of {', '.join(reasons)}" if reasons else ""
    ours = f"here {said.action}" if said else "here no change"
    because = f"the engine says {action}{forced}, {ours}: the engine asked the provider"
    properties = said.properties if said else ()
    return ResourceChange(
        urn=resource["urn"],
        type=resource["type"],
        name=resource["name"],
        action=action,
        danger=danger_of(
            resource,
            action,
            {each.path: (each.before, each.after) for each in properties},
            is_kept=bool(resource["retainOnDelete"]),
        ),
        refused="",
        properties=properties,
        because=[because, *(said.because if said else ())],
        follows="",
        component=said.component if said else "",
    )
