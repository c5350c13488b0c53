"""Nodes that end: what lived on them, and what only they needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tokenfleet.policies.values import mapping, mappings, pod_spec
from tokenfleet.review.danger import NODES_OF, Danger, replicas_at_once
from tokenfleet.review.resource_change import Resource, ResourceChange

_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_POOL = "tokenfleet.io/pool"
_GROUP_POOL = f"k8s.io/cluster-autoscaler/node-template/label/{_POOL}"
_ENDS = frozenset({"replace", "delete"})


def with_models(
    found: Mapping[str, ResourceChange], old: Mapping[str, Resource], new: Mapping[str, Resource]
) -> Iterator[ResourceChange]:
    """The changes, those of node groups judged by the models that stay on them.

    The engine deletes last: a model that moves to another pool is there before its nodes end.
    What comes with nodes and goes with them is no more dangerous than they are.
    """
    models = list(_staying(old, new))
    kept = {
        _pool(resource)
        for urn, resource in new.items()
        if resource["type"] in NODES_OF
        and urn in old
        and not (urn in found and found[urn].action in _ENDS)
    }
    groups = {
        urn: _judged(change, _pool(old[urn]), models, kept)
        for urn, change in found.items()
        if change.type in NODES_OF and change.action in _ENDS
    }
    nodes_of = dict[str, Danger]()
    for change in sorted(groups.values(), key=lambda each: each.danger.rank):
        if change.component:
            nodes_of[change.component] = change.danger
    for urn, change in found.items():
        most = nodes_of.get(change.component)
        if urn in groups:
            yield groups[urn]
        elif change.action == "delete" and change.danger is Danger.OUTAGE and most:
            yield replace(change, danger=most)
        else:
            yield change


def _judged(
    change: ResourceChange, pool: str, models: Sequence[tuple[str, str]], kept: set[str]
) -> ResourceChange:
    names = [name for name, lives in models if pool and lives == pool]
    if not names:
        return change
    listed = ", ".join(names)
    if pool in kept:
        said = f"replicas of {listed} that run there are evicted, as other groups of {pool} stay"
        return replace(change, because=[*change.because, said])
    said = f"{listed} has no other nodes: every replica ends"
    return replace(change, danger=Danger.OUTAGE, because=[*change.because, said])


def _staying(old: Mapping[str, Resource], new: Mapping[str, Resource]) -> Iterator[tuple[str, str]]:
    """Models that run and stay on a pool, with it."""
    for urn, resource in new.items():
        if resource["type"] == _DEPLOYMENT and urn in old:
            pool = _selected(resource)
            if pool == _selected(old[urn]) and replicas_at_once(resource["inputs"])[0]:
                metadata = mapping(resource["inputs"].get("metadata"))
                labels = mapping(metadata.get("labels"))
                yield str(labels.get("tokenfleet.io/model") or metadata.get("name")), pool


def _selected(deployment: Mapping[str, Any]) -> str:
    return str(mapping(pod_spec(deployment["inputs"]).get("nodeSelector")).get(_POOL, ""))


def _pool(group: Mapping[str, Any]) -> str:
    tags = mappings(group["inputs"].get("tags"))
    return next((str(tag.get("value")) for tag in tags if tag.get("key") == _GROUP_POOL), "")
