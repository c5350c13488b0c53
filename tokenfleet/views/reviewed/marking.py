"""How each part of the later drawing is marked, and what of the earlier one is gone."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.review.danger import Danger
from tokenfleet.review.previews import StackState
from tokenfleet.review.resource_change import ResourceChange
from tokenfleet.review.review import StackReview
from tokenfleet.review.service import rows
from tokenfleet.settings.draft import SECRET_KEYS
from tokenfleet.views.drawing.architecture.drawn import DrawnStack
from tokenfleet.views.drawing.architecture.marks import Mark, Marks, Part, Tone
from tokenfleet.views.reviewed.facts import Facts, facts_of
from tokenfleet.views.reviewed.places import latest, named_parts, place_of
from tokenfleet.views.tables.review_changes import HARMLESS, entries

_MOST_SENTENCES = 3
_NAME_ENDS = re.compile(r"[.[]")


@dataclass(frozen=True, kw_only=True)
class Noted:
    """One part with its mark, and why it has it."""

    part: Part
    mark: Mark
    said: Sequence[str]
    danger: Danger


@dataclass(frozen=True, kw_only=True)
class Marking:
    """Parts of the drawing that are not what they were, the most dangerous first."""

    noted: Sequence[Noted]
    gone: Sequence[Noted]
    elsewhere: Sequence[ResourceChange]
    """Changes of what is not drawn."""

    @property
    def marks(self) -> Marks:
        """By part."""
        return {each.part: each.mark for each in self.noted}


def marking(
    stack: StackReview,
    states: tuple[StackState | None, StackState],
    drawn: tuple[DrawnStack | None, DrawnStack],
) -> Marking:
    """Compare the drawings of a stack at two revisions; the first is None where it is new."""
    earlier, later = drawn
    old: Mapping[Part, Facts] = {} if earlier is None else facts_of(earlier)
    new = facts_of(later)
    before, after = (rows(each.resources, "resources") if each else () for each in states)
    resources = latest(before, after)
    named = dict(pair for each in drawn if each for pair in named_parts(each))
    touched = dict[Part | None, list[ResourceChange]]()
    for change in stack.changes:
        part = _told(place_of(change, resources, named), old, new)
        touched.setdefault(part, []).append(change)
    told: Iterable[Part | None] = dict.fromkeys(_told(part, old, new) for part in (*new, *old))
    noted = [
        found
        for part in told
        if part
        and (
            found := _noted(
                part,
                (part in old, part in new),
                [*_differing(old.get(part, {}), new.get(part, {})), *_keys(part, stack)],
                touched.get(part, ()),
            )
        )
    ]
    return Marking(
        noted=_worst_first(each for each in noted if each.part in new),
        gone=_worst_first(each for each in noted if each.part not in new),
        elsewhere=[
            change for part, found in touched.items() if part not in told for change in found
        ],
    )


def _worst_first(noted: Iterable[Noted]) -> Sequence[Noted]:
    return sorted(noted, key=lambda each: -each.danger.rank)


def _told(part: Part | None, old: Mapping[Part, Facts], new: Mapping[Part, Facts]) -> Part | None:
    """The part, or the one around it that comes or goes with it: nobody needs each of its badges."""
    if not old:
        return Part("region")
    if part is None:
        return None
    around = {
        "tier": Part("pool", part.name.rpartition("/")[0]),
        "NAT gateway": Part("zone", part.name),
    }.get(part.kind)
    return around if around and (around in old) != (around in new) else part


def _noted(
    part: Part,
    is_there: tuple[bool, bool],
    differing: Sequence[str],
    changes: Sequence[ResourceChange],
) -> Noted | None:
    if not changes and not differing and all(is_there):
        return None
    was, is_now = is_there
    said = [*differing, *(each.sentence for each in entries(changes))]
    more = len(said) - _MOST_SENTENCES
    shown = [*said[:_MOST_SENTENCES], f"and {more} more, below"] if more > 0 else said
    if not was:
        mark = Mark(words=["new"], tone=Tone.NEW)
        return Noted(part=part, mark=mark, said=shown, danger=Danger.ADDITION)
    dangers = (Danger.SETTINGS, *(each.danger for each in changes))
    danger = max(dangers, key=lambda each: each.rank)
    is_replaced = danger not in HARMLESS and any(
        each.action == "replace" and each.danger is danger for each in changes
    )
    word = "gone" if not is_now else "replaced" if is_replaced else "changed"
    mark = Mark(
        words=[word] if danger in HARMLESS else [word, danger.value],
        tone=Tone.DANGEROUS if danger.rank >= Danger.NODES.rank else Tone.CHANGED,
    )
    return Noted(part=part, mark=mark, said=shown, danger=danger)


def _differing(before: Facts, after: Facts) -> Iterator[str]:
    for name, said in after.items():
        if name in before and said != before[name]:
            yield f"{name} {said}, not {before[name]}".lstrip()


def _keys(part: Part, stack: StackReview) -> Iterator[str]:
    """What clients have to know of their keys; a stack file calls them ``tokenfleet:apiKey``."""
    found = stack.secrets
    every = [
        *((name, "is set, and was not") for name in found.new),
        *((name, "is not what it was") for name in found.changed),
        *((name, "is gone") for name in found.gone),
    ]
    for name, said in every if part.kind == "way in" else ():
        # Of clientKeys, each key is told by its place.
        if _NAME_ENDS.split(name.rpartition(":")[2])[0] in SECRET_KEYS:
            yield f"secret {name} {said}"
