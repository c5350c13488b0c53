"""What a program asked the engine for: the resources, their edges and options, and its outputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

UNKNOWN = "<known after deployment>"
SECRET = "<secret>"  # noqa: S105 - what is shown in place of a secret

Mode = Literal["preview", "deployment"]


@dataclass(frozen=True, kw_only=True)
class RecordedResource:
    """One ``RegisterResource`` request, with plain values.

    ``inputs`` use the provider's own camelCase names; a value that only the cloud can tell
    stands there as ``UNKNOWN``, a secret as ``SECRET``. ``dependencies`` are URNs,
    ``provider`` is the URN of the provider resource (empty for components). A component that
    is remote is built by another package, out of what nobody sees here.
    """

    urn: str
    type: str
    name: str
    is_component: bool
    is_remote: bool
    parent: str
    inputs: Mapping[str, object]
    provider: str
    dependencies: Sequence[str]
    property_dependencies: Mapping[str, Sequence[str]]
    ignore_changes: Sequence[str]
    protect: bool
    delete_before_replace: bool
    retain_on_delete: bool

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider rather than something it manages."""
        return self.type.startswith("pulumi:providers:")


@dataclass(frozen=True, kw_only=True)
class RecordedLookup:
    """One ``Invoke`` request; ``provider`` is the URN of the provider resource, or empty."""

    token: str
    arguments: Mapping[str, object]
    provider: str


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One run of a program, in the order of URNs so that two runs compare equal."""

    mode: Mode
    project: str
    stack: str
    stack_urn: str
    resources: Sequence[RecordedResource]
    lookups: Sequence[RecordedLookup]
    duplicate_urns: Sequence[str]
    outputs: Mapping[str, object]
    component_outputs: Mapping[str, Mapping[str, object]]

    def children_of(self, urn: str) -> Sequence[RecordedResource]:
        """The resources parented to ``urn``."""
        return [resource for resource in self.resources if resource.parent == urn]

    def of_type(self, type_token: str) -> Sequence[RecordedResource]:
        """Every resource of that type."""
        return [resource for resource in self.resources if resource.type == type_token]
