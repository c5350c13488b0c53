"""Changes of resources as few rows as say it all: what comes, goes or follows together is one."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from tokenfleet.counted import count
from tokenfleet.plain_text import written_out
from tokenfleet.review.danger import Danger, what_goes
from tokenfleet.review.documents import ORDER
from tokenfleet.review.resource_change import GOES_WITH_IT, PropertyChange, ResourceChange

_LONGEST_VALUE, _SAME_BEFORE = 80, 20
_MOST_PATHS, _MOST_REASONS, _MOST_KINDS, _MOST_NAMES = 5, 3, 6, 2
HARMLESS = frozenset({Danger.ADDITION, Danger.SETTINGS})
"""What nobody who is served notices."""
DONE = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
"""What has become of a resource, by action."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Changes of one danger and action that belong together, the first of them for all."""

    changes: Sequence[ResourceChange]
    root: ResourceChange | None
    """What they hang on, where that is shown too."""

    @property
    def first(self) -> ResourceChange:
        """What it is called after, where it is alone."""
        return self.changes[0]

    @property
    def danger(self) -> Danger:
        """That of each."""
        return self.first.danger

    @property
    def follows_suit(self) -> bool:
        """Whether its cause is as dangerous, and has told the reader."""
        return self.root is not None and self.root.danger.rank >= self.danger.rank

    @property
    def title(self) -> str:
        """A name, or how many of what."""
        if len(self.changes) > 1 and self.root:
            return f"{len(self.changes)} on {self.root.name}"
        if len(self.changes) > 1 and self.first.component:
            return f"{len(self.changes)} of {self.first.component.rpartition('::')[2]}"
        names = ", ".join(each.name for each in self.changes[:_MOST_NAMES])
        more = len(self.changes) - _MOST_NAMES
        return f"{names} and {more} more" if more > 0 else names

    @property
    def kinds(self) -> str:
        """The types, with how many there are of each."""
        kinds = Counter(_kind(each) for each in self.changes)
        if len(self.changes) == 1:
            return _kind(self.first)
        shown = [f"{number} {kind}" for kind, number in list(kinds.items())[:_MOST_KINDS]]
        more = len(kinds) - len(shown)
        return ", ".join(shown) + (f" and {count(more, 'type')} more" if more else "")

    @property
    def why(self) -> str:
        """The reasons, or which properties differ."""
        if len(self.changes) == 1 or not (self.root or self.first.component):
            return "; ".join(self.first.because) or _paths(self.first)
        said = [f"hang on it, which is {DONE[self.root.action]}"] if self.root else []
        goes = dict.fromkeys(what_goes(each.type) for each in self.changes if each.type)
        others = [
            reason
            for each in self.changes
            for reason in each.because[1 if self.root else 0 :]
            if not reason.startswith(GOES_WITH_IT)
            and reason not in {found.forces for found in each.properties}
        ]
        said += list(dict.fromkeys(others))[:_MOST_REASONS]
        if self.first.action in {"replace", "delete"} and self.danger not in HARMLESS:
            shown = [each for each in goes if each]
            more = ", and more" if len(shown) > _MOST_REASONS else ""
            said.append(f"{GOES_WITH_IT}{', '.join(shown[:_MOST_REASONS])}{more}")
        return "; ".join(said)

    @property
    def sentence(self) -> str:
        """What is done, and why."""
        verb = "is" if len(self.changes) == 1 else "are"
        done = f"{self.title} ({self.kinds}) {verb} {DONE[self.first.action]}"
        return f"{done}: {self.why}" if self.why else done


def entries(changes: Sequence[ResourceChange]) -> Sequence[Entry]:
    """The rows, in the order of the changes."""
    by_urn = {each.urn: each for each in changes}
    grouped = dict[object, list[ResourceChange]]()
    for change in changes:
        root = _root(change, by_urn)
        whole = root.urn if root else change.component
        alike = whole or (change.type, *(each.path for each in change.properties), *change.because)
        key = (alike, change.action, change.danger)
        grouped.setdefault(key, []).append(change)
    return [Entry(changes=found, root=_root(found[0], by_urn)) for found in grouped.values()]


def followers(entry: Entry, every: Sequence[Entry]) -> int:
    """How many resources hang on the first of an entry."""
    return sum(
        len(each.changes) for each in every if each.root and each.root.urn == entry.first.urn
    )


def _root(change: ResourceChange, by_urn: Mapping[str, ResourceChange]) -> ResourceChange | None:
    found = None
    while change.follows in by_urn:
        change = found = by_urn[change.follows]
    return found


def _kind(change: ResourceChange) -> str:
    kind = change.type.rpartition(":")[2]
    return f"{kind} provider" if change.type.startswith("pulumi:providers:") else kind


def _paths(change: ResourceChange) -> str:
    more = len(change.properties) - _MOST_PATHS
    shown = ", ".join(each.path for each in change.properties[:_MOST_PATHS])
    return f"{shown} and {more} more" if more > 0 else shown


def property_lines(
    changes: Sequence[ResourceChange], most: int
) -> Iterator[tuple[str, Sequence[str]]]:
    """Who changes, and how, property by property; who changes alike in one breath."""
    alike = dict[tuple[str, ...], list[ResourceChange]]()
    for change in changes:
        if change.properties:
            lines = [property_line(each) for each in change.properties[:most]]
            hidden = len(change.properties) - most
            if hidden > 0:
                lines.append(f"and {hidden} more")
            alike.setdefault((change.action, change.type, *lines), []).append(change)
    for (action, type_token, *lines), found in list(alike.items())[:most]:
        others = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield f"{found[0].name}{others} ({type_token.rpartition(':')[2]}), {action}", lines


def property_line(change: PropertyChange) -> str:
    """``path: before to after``, from where they begin to differ."""
    before, after = (_line(value) for value in (change.before, change.after))
    pairs = enumerate(zip(before, after, strict=False))
    same = next((place for place, (old, new) in pairs if old != new), min(len(before), len(after)))
    if max(len(before), len(after)) > _LONGEST_VALUE and same > _SAME_BEFORE:
        cut = same - _SAME_BEFORE
        before, after = f"...{before[cut:]}", f"...{after[cut:]}"
    # A list that gains or loses entries has only those.
    if change.before == [] or change.after == []:
        return f"{change.path}: " + (
            f"with {_short(after)}" if change.after else f"without {_short(before)}"
        )
    return f"{change.path}: {_short(before)} to {_short(after)}"


def _short(line: str) -> str:
    return line if len(line) <= _LONGEST_VALUE else f"{line[:_LONGEST_VALUE]}..."


def _line(value: object) -> str:
    if value is None:
        return "(absent)"
    text = value if isinstance(value, str) else json.dumps(_as_written(value))
    return " ".join(written_out(text).split())


def _as_written(value: object) -> object:
    """Lists again, where entries were told by what identifies them."""
    if isinstance(value, Mapping):
        entries_of = cast("Mapping[str, object]", value)
        inner = {key: _as_written(each) for key, each in entries_of.items() if key != ORDER}
        is_list = bool(inner) and all(key.startswith("[") for key in inner)
        return list(inner.values()) if is_list else inner
    if isinstance(value, list):
        return [_as_written(each) for each in cast("list[object]", value)]
    return value
