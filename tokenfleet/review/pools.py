"""Nodes that end: what lived on them, and what only they needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tokenfleet.policies.values import mapping, mappings, pod_spec
from tokenfleet.review.danger import NODES_OF, Danger, replicas_at_once
from tokenfleet.review.resource_change import Resource, ResourceChange

_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_POOL = "tokenfleet.io/pool"
# A group says it itself; one of before that did, only to the autoscaler.
_GROUP_POOL = (_POOL, f"k8s.io/cluster-autoscaler/node-template/label/{_POOL}")
_ENDS = frozenset({"replace", "delete"})


def with_models(
    found: Mapping[str, ResourceChange], old: Mapping[str, Resource], new: Mapping[str, Resource]
) -> Iterator[ResourceChange]:
    """The changes, those of node groups judged by the models that stay on them.

    The engine deletes last: a model that moves to another pool is there before its nodes end.
    """
    models, leaving = list(_living(old, new)), list(_leaving(old, new))
    kept = {
        pool_of_group(resource)
        for urn, resource in new.items()
        if resource["type"] in NODES_OF
        and urn in old
        and not (urn in found and found[urn].action in _ENDS)
    }
    for urn, change in found.items():
        if change.type in NODES_OF and change.action in _ENDS:
            yield _judged(change, pool_of_group(old[urn]), models, leaving, kept)
        else:
            yield change


def _judged(
    change: ResourceChange,
    pool: str,
    models: Sequence[tuple[str, str]],
    leaving: Sequence[tuple[str, str]],
    kept: set[str],
) -> ResourceChange:
    gone = [name for name, lived in leaving if pool and lived == pool]
    if gone:
        said = f"{', '.join(gone)} starts on another pool before"
        change = replace(change, because=[*change.because, said])
    names = [name for name, lives in models if pool and lives == pool]
    if not names:
        return change
    listed = ", ".join(names)
    if pool in kept:
        said = f"replicas of {listed} that run there are evicted, as other groups of {pool} stay"
        return replace(change, because=[*change.because, said])
    said = f"{listed} has no other nodes: every replica ends"
    return replace(change, danger=Danger.OUTAGE, because=[*change.because, said])


def _living(old: Mapping[str, Resource], new: Mapping[str, Resource]) -> Iterator[tuple[str, str]]:
    """Models that run and stay on a pool, with it."""
    for name, before, after in _models(old, new):
        if before == after:
            yield name, after


def _leaving(old: Mapping[str, Resource], new: Mapping[str, Resource]) -> Iterator[tuple[str, str]]:
    """Models that run and move, with the pool that they leave."""
    for name, before, after in _models(old, new):
        if before != after:
            yield name, before


def _models(
    old: Mapping[str, Resource], new: Mapping[str, Resource]
) -> Iterator[tuple[str, str, str]]:
    for urn, resource in new.items():
        is_there = resource["type"] == _DEPLOYMENT and urn in old
        if is_there and replicas_at_once(resource["inputs"])[0]:
            metadata = mapping(resource["inputs"].get("metadata"))
            name = mapping(metadata.get("labels")).get("tokenfleet.io/model") or metadata.get(
                "name"
            )
            yield str(name), _selected(old[urn]), _selected(resource)


def _selected(deployment: Mapping[str, Any]) -> str:
    return str(mapping(pod_spec(deployment["inputs"]).get("nodeSelector")).get(_POOL, ""))


def pool_of_group(group: Mapping[str, Any]) -> str:
    """The pool that a group belongs to, if it says so."""
    tags = mappings(group["inputs"].get("tags"))
    return next((str(tag.get("value")) for tag in tags if tag.get("key") in _GROUP_POOL), "")
