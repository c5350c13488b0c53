"""What becomes of one resource."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tokenfleet.review.danger import Action, Danger

Resource = Mapping[str, Any]
GOES_WITH_IT = "with it goes: "
"""How a reason begins that says what is gone with a resource."""


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
    refused: str
    """Why AWS or Kubernetes takes no such update, so that a deployment stops there; else empty."""
    properties: Sequence[PropertyChange]
    because: Sequence[str]
    follows: str
    """URN of the changed resource that it hangs on, and that would do this to it alone; else empty."""
    component: str
    """URN of the largest component that comes or goes as a whole, it among the rest; else empty."""


def judged(change: ResourceChange, danger: Danger, *because: str) -> ResourceChange:
    """The change with another danger; of a harmless one nothing goes that anybody misses."""
    is_harmless = danger.rank <= Danger.SETTINGS.rank
    kept = [
        reason for reason in change.because if not (is_harmless and reason.startswith(GOES_WITH_IT))
    ]
    return replace(change, danger=danger, because=[*because, *kept])
