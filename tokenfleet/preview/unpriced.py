"""What a program creates that the bill does not price."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from tokenfleet.economics.bill.covered import BILLED, FREE
from tokenfleet.policies.values import mapping
from tokenfleet.project import PROJECT
from tokenfleet.recording.recorded import RecordedResource, Recording

_SERVICE, _FREE_SERVICE = "kubernetes:core/v1:Service", "ClusterIP"


@dataclass(frozen=True, kw_only=True)
class Unpriced:
    """Resources of one type that may cost something, and of which no line of the bill knows."""

    type: str
    count: int
    names: Sequence[str]


def unpriced(recording: Recording) -> Sequence[Unpriced]:
    """By type, in its order; the bill is that of the plan, so of what this package creates."""
    parents = {resource.urn: resource for resource in recording.resources}
    found = sorted(
        (resource.type, resource.name)
        for resource in recording.resources
        if not _is_covered(resource, of_plan=_is_of_plan(resource, parents))
    )
    return [
        Unpriced(type=kind, count=len(names), names=names)
        for kind, group in groupby(found, key=lambda each: each[0])
        for names in ([name for _, name in group],)
    ]


def unpriced_notes(found: Sequence[Unpriced]) -> Iterator[str]:
    """What is missing from the bill."""
    if found:
        listed = ", ".join(f"{each.count} {each.type}" for each in found)
        yield (
            f"Not priced: {listed}. The bill holds what the plan of the stack creates and nothing"
            " else: docs/cost.md."
        )


def _is_covered(resource: RecordedResource, *, of_plan: bool) -> bool:
    if resource.is_provider or (resource.is_component and not resource.is_remote):
        return True
    if resource.type in FREE or (of_plan and resource.type in BILLED):
        return True
    spec = mapping(resource.inputs.get("spec"))
    return resource.type == _SERVICE and spec.get("type", _FREE_SERVICE) == _FREE_SERVICE


def _is_of_plan(resource: RecordedResource, parents: dict[str, RecordedResource]) -> bool:
    """Whether a component of this package created it."""
    parent = parents.get(resource.parent)
    while parent is not None:
        if parent.type.startswith(f"{PROJECT}:"):
            return True
        parent = parents.get(parent.parent)
    return False
