"""Where two values differ, path by path."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from tokenfleet.review.documents import ORDER, opened

# Lists whose order means nothing to AWS or Kubernetes.
_UNORDERED = frozenset(
    {
        "Action",
        "NotAction",
        "Resource",
        "AWS",
        "Service",
        "Statement",
        "enabledClusterLogTypes",
        "groups",
        "loadBalancerSourceRanges",
        "publicAccessCidrs",
        "routeTableIds",
        "securityGroupIds",
        "securityGroups",
        "subnetIds",
        "suspendedProcesses",
        "tolerations",
        "values",
        "vpcSecurityGroupIds",
        "vpcZoneIdentifiers",
    }
)


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()
"""In place of a value that is not there."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A property that is not what it was; ``path`` begins with the name of an input."""

    path: str
    before: object
    after: object

    @property
    def root(self) -> str:
        """The name of the input."""
        return self.path.partition(".")[0].partition("[")[0]


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> Sequence[Difference]:
    """Every place where inputs mean something else, in the order of their paths."""
    names = sorted(before.keys() | after.keys())
    return [
        found
        for name in names
        for found in _compared(
            name,
            name,
            opened(name, before[name]) if name in before else ABSENT,
            opened(name, after[name]) if name in after else ABSENT,
        )
    ]


def _compared(path: str, name: str, before: object, after: object) -> Iterator[Difference]:
    if before == after or {_empty(before), _empty(after)} == {True}:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        old, new = cast("Mapping[str, object]", before), cast("Mapping[str, object]", after)
        for key in sorted(old.keys() | new.keys()):
            inner = f"{path}{key}" if key.startswith("[") else f"{path}.{key}"
            yield from _compared(inner, key, old.get(key, ABSENT), new.get(key, ABSENT))
        return
    if isinstance(before, list) and isinstance(after, list):
        yield from _listed(path, name, cast("list[object]", before), cast("list[object]", after))
        return
    yield Difference(path=path, before=cast("object", before), after=after)


def _listed(
    path: str, name: str, before: Sequence[object], after: Sequence[object]
) -> Iterator[Difference]:
    if name == ORDER:
        yield from _reordered(path, before, after)
    elif name in _UNORDERED or len(before) != len(after):
        gone, come = _without(before, after), _without(after, before)
        if len(gone) == len(come) == 1:
            yield from _compared(f"{path}[]", name, gone[0], come[0])
        elif gone or come:
            yield Difference(path=path, before=gone, after=come)
    else:
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _compared(f"{path}[{place}]", name, old, new)


def _reordered(
    path: str, before: Sequence[object], after: Sequence[object]
) -> Iterator[Difference]:
    """Where entries that both have change places: those that come or go are differences already."""
    old, new = (
        [each for each in side if each in before and each in after] for side in (before, after)
    )
    if old != new:
        yield Difference(path=path, before=old, after=new)


def _without(entries: Sequence[object], others: Sequence[object]) -> Sequence[object]:
    """The entries that the others lack, as often as they lack them."""
    left, found = Counter(map(_key, others)), list[object]()
    for entry in entries:
        key = _key(entry)
        if left[key]:
            left[key] -= 1
        else:
            found.append(entry)
    return found


def _key(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _empty(value: object) -> bool:
    """What providers do not tell from nothing."""
    return value is ABSENT or value is None or value in ([], {}, "")
