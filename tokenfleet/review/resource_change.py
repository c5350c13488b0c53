"""What becomes of one resource."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokenfleet.review.danger import Action, Danger

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
    refused: str
    """Why AWS or Kubernetes takes no such update, so that a deployment stops there; else empty."""
    properties: Sequence[PropertyChange]
    because: Sequence[str]
    follows: str
    """URN of the changed resource that it hangs on, and that would do this to it alone; else empty."""
    component: str
    """URN of the largest component that comes or goes as a whole, it among the rest; else empty."""
