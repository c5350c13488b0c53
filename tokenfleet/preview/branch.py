"""What will exist, as a tree: components, and what each creates."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.project import PROJECT
from tokenfleet.recording.recorded import RecordedResource, Recording


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A component, what it creates itself (type to count), and the components inside it."""

    name: str
    kind: str
    own: Mapping[str, int]
    inner: Sequence["Branch"]

    @property
    def total(self) -> int:
        """Resources in this component and below, components not counted."""
        return sum(self.own.values()) + sum(branch.total for branch in self.inner)


def tree_of(recording: Recording) -> Sequence[Branch]:
    """The components, and what the program creates outside of any."""
    top = recording.children_of(recording.stack_urn)
    own = Counter(_kind(r.type) for r in top if not (r.is_component or r.is_provider))
    branches = [_branch(recording, resource) for resource in top if resource.is_component]
    if own:
        branches.append(
            Branch(
                name="the program",
                kind="outside components",
                own=dict(sorted(own.items())),
                inner=[],
            )
        )
    return branches


def _branch(recording: Recording, component: RecordedResource) -> Branch:
    children = recording.children_of(component.urn)
    own = Counter(_kind(child.type) for child in children if not child.is_component)
    return Branch(
        name=component.name,
        kind=_kind(component.type),
        own=dict(sorted(own.items())),
        inner=[_branch(recording, child) for child in children if child.is_component],
    )


def _kind(type_token: str) -> str:
    """``aws:ec2/subnet:Subnet`` as people say it: ``ec2 Subnet``."""
    package, _, rest = type_token.partition(":")
    module, _, kind = rest.rpartition(":")
    if package == "pulumi":
        return f"{kind} provider"
    if package == PROJECT:
        return kind
    return f"{module.partition('/')[0]} {kind}"
