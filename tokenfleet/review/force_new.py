"""Whether a changed property is an update or a replacement, with the source that says so."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from tokenfleet.recording.recorded import SECRET, UNKNOWN
from tokenfleet.review.force_new_table import Outcome, Row, TypeRows, force_new_table

# "spec.containers[0].image", "spec.containers.0.image", 'metadata.annotations["pulumi.com/skipAwait"]'.
_SEGMENT = re.compile(r'\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)')
_VERSION = re.compile(r"\d+(\.\d+)*")
_HIDDEN = (UNKNOWN, SECRET)


@dataclass(frozen=True, kw_only=True)
class ForceNew:
    """Why a change is more than an update.

    ``path`` is the table's, ``unsure`` says why the answer is careful rather than read. An
    ``outcome`` of ``refused`` is an update that fails; of ``replaces-managed``, a provider that
    stays while what it manages is replaced.
    """

    path: str
    because: str
    source: str
    outcome: Outcome
    unsure: str | None


def known_types() -> frozenset[str]:
    """The type tokens of the table: of any other, nothing is known."""
    return frozenset(force_new_table().types)


def forces_replacement(
    type_token: str,
    path: str,
    before: object,
    after: object,
    *,
    inputs: Mapping[str, object] | None = None,
) -> ForceNew | None:
    """Why that change is no update; None where it is one, or the type is not in the table.

    ``before`` and ``after`` are the values at ``path``, which differ; None is none. A path may end
    above a row (a block that came or went) or below it. ``inputs`` are those of the resource
    after the change; without them, and of hidden values (secrets, and what only the cloud
    knows), the worst is assumed.

    Raises:
        ValueError: when the path names no property.
    """
    changed = _segments(path)
    if not changed:
        msg = f"no property: {path!r}"
        raise ValueError(msg)
    rows = force_new_table().types.get(type_token)
    if rows is None:
        return None
    for row in rows.replaces:
        pair = _values(_segments(row.path), changed, before, after)
        if pair and _holds(row, *pair, inputs):
            return ForceNew(
                path=row.path,
                because=row.because,
                source=row.source or rows.source,
                outcome=row.outcome,
                unsure=row.unsure,
            )
    return None if rows.others_update else _unread(rows, changed)


def deletes_first(
    type_token: str, before: Mapping[str, object], after: Mapping[str, object]
) -> bool:
    """Whether its replacement is deleted before it is created, by the inputs of both revisions.

    The options of a resource can say so too; they are no business of this table.
    """
    rows = force_new_table().types.get(type_token)
    rule = rows.deletes_first if rows else None
    if rule is None:
        return False
    olds = [_at(before, _segments(path)) for path in rule.by]
    news = [_at(after, _segments(path)) for path in rule.by]
    return news[0] is not None and (rule.when == "given" or olds == news)


def _unread(rows: TypeRows, changed: Sequence[str]) -> ForceNew | None:
    root = changed[0]
    if root in rows.updates or root in {_segments(row.path)[0] for row in rows.replaces}:
        return None
    return ForceNew(
        path=root,
        because="nothing is known of this property",
        source=rows.source,
        outcome="replace",
        unsure="not in the table",
    )


def _values(
    row: Sequence[str], changed: Sequence[str], before: object, after: object
) -> tuple[object, object] | None:
    """What a row is to judge; None where the change is not about it."""
    if row[: len(changed)] != changed[: len(row)]:
        return None
    below = row[len(changed) :]
    was, will_be = _at(before, below), _at(after, below)
    return None if below and was == will_be and was not in _HIDDEN else (was, will_be)


def _at(value: object, path: Sequence[str]) -> object:
    """What stands there; of a hidden value every part is hidden."""
    for segment in path:
        if not isinstance(value, Mapping):
            return value if value in _HIDDEN else None
        value = cast("Mapping[str, object]", value).get(segment)
    return value


def _holds(row: Row, before: object, after: object, inputs: Mapping[str, object] | None) -> bool:
    if row.unless_set and inputs is not None and inputs.get(row.unless_set) is not None:
        return False
    if row.from_ is not None and before not in (row.from_, *_HIDDEN):
        return False
    if row.to is not None and after not in (row.to, *_HIDDEN):
        return False
    return not row.when or any(_is(change, before, after) for change in row.when)


def _is(change: str, before: object, after: object) -> bool:
    was, will_be = (value not in (None, [], {}) for value in (before, after))
    match change:
        case "added":
            return will_be and not was
        case "removed":
            return was and not will_be
        case "changed":
            return was and will_be
        case _:
            return was and will_be and _is_lower(after, before)


def _is_lower(value: object, than: object) -> bool:
    """Whether one version comes before another; whatever is no version may."""
    versions = [
        [int(part) for part in text.split(".")]
        for text in (str(value), str(than))
        if _VERSION.fullmatch(text)
    ]
    return len(versions) < len((value, than)) or versions[0] < versions[1]


def _segments(path: str) -> Sequence[str]:
    return ["".join(found) for found in _SEGMENT.findall(path)]
