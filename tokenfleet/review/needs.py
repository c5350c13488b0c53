"""Whether anything that stays needs what is deleted."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from tokenfleet.policies.values import mapping
from tokenfleet.review.danger import Danger
from tokenfleet.review.resource_change import Resource, ResourceChange

# What a role is for: without it they do nothing.
_OF_A_ROLE = frozenset(
    {
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:iam/instanceProfile:InstanceProfile",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    }
)
_ROLE = "aws:iam/role:Role"
_NAMED = frozenset(
    f"kubernetes:core/v1:{kind}"
    for kind in ("ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim")
)


def without_unneeded(
    found: Mapping[str, ResourceChange], old: Mapping[str, Resource], new: Mapping[str, Resource]
) -> Iterator[ResourceChange]:
    """The changes, a deletion that nothing is left to notice as a setting."""
    users = dict[str, set[str]]()
    for urn, resource in old.items():
        for sources in resource["propertyDependencies"].values():
            for source in sources:
                users.setdefault(source, set()).add(urn)
    named: set[str] | None = None
    for urn, change in found.items():
        if change.action != "delete" or change.danger is not Danger.OUTAGE:
            yield change
            continue
        if change.type in _NAMED and named is None:
            named = {text for each in new.values() for text in _texts(each["inputs"])}
        if _is_needed(old[urn], old, new, users.get(urn, set()), named or set()):
            yield change
        else:
            yield replace(change, danger=Danger.SETTINGS, because=["nothing is left that needs it"])


def _is_needed(
    resource: Resource,
    old: Mapping[str, Resource],
    new: Mapping[str, Resource],
    users: set[str],
    named: set[str],
) -> bool:
    if resource["type"] == _ROLE:
        return any(urn in new for urn in users)
    if resource["type"] in _OF_A_ROLE:
        sources = {urn for urns in resource["propertyDependencies"].values() for urn in urns}
        roles = [urn for urn in sources if urn in old and old[urn]["type"] == _ROLE]
        return any(urn in new for urn in roles) or not roles
    if resource["type"] in _NAMED:
        return str(mapping(resource["inputs"].get("metadata")).get("name")) in named
    return True


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in cast("Mapping[str, object]", value).values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _texts(each)
