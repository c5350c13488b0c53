"""Who notices a change: nodes that keep what they have, replicas that restart, and for how long."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tokenfleet.counted import count, listed
from tokenfleet.policies.values import mapping
from tokenfleet.recording.recorded import SECRET
from tokenfleet.review.danger import (
    Danger,
    guards_lifted,
    is_controller,
    is_lowered,
    replicas_at_once,
)
from tokenfleet.review.kinds.config_readers import told_readers
from tokenfleet.review.resource_change import Resource, ResourceChange
from tokenfleet.review.service import Secrets

_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_GROUP = "aws:autoscaling/group:Group"
_CLUSTER = "aws:eks/cluster:Cluster"
_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_KUBERNETES = "pulumi:providers:kubernetes"
_PODS_OF = frozenset({"aws:eks/addon:Addon", "kubernetes:helm.sh/v3:Release"})
_MODEL = "tokenfleet.io/model"
_EDGE, _SECRET = "tokenfleet:edge:Edge", "kubernetes:core/v1:Secret"
_MADE_KEY = "-edge-api-key"


def effects(
    changes: Sequence[ResourceChange],
    after: Sequence[Resource],
    models: Mapping[str, Any],
    secrets: Secrets,
) -> Sequence[str]:
    """A sentence for everything that follows; ``models`` are those of the later preview by name."""
    resources = {each["urn"]: each for each in after}
    return [
        *_deployments(changes, resources, models),
        *_groups(changes, after),
        *told_readers(changes, resources, secrets_differ=not secrets.is_same),
        *_cluster(changes),
        *_refused(changes),
        *_guards(changes),
        *_made_keys(changes, after),
        *([] if secrets.is_same else _of_secrets(after)),
    ]


def _refused(changes: Sequence[ResourceChange]) -> Iterator[str]:
    for change in changes:
        if change.refused:
            yield f"{change.name}: {change.refused}. There the deployment would stop."


def _guards(changes: Sequence[ResourceChange]) -> Iterator[str]:
    """What is lifted without harm for now, so that nothing else tells of it."""
    for change in changes:
        if change.action == "update" and change.danger is Danger.SETTINGS:
            changed = {each.path: (each.before, each.after) for each in change.properties}
            yield from (f"{change.name}: {line}." for line in guards_lifted(changed))


def _made_keys(changes: Sequence[ResourceChange], after: Sequence[Resource]) -> Iterator[str]:
    """A key that was made where none was given, and ends where one is."""
    goes_on = any(each["type"] == _EDGE for each in after)
    for change in changes:
        is_it = change.type == _SECRET and change.name.endswith(_MADE_KEY)
        if goes_on and is_it and change.action == "delete":
            yield f"{change.name}: whoever sends the key in it is refused from then on."


def _of_secrets(after: Sequence[Resource]) -> Iterator[str]:
    names = [str(each["name"]) for each in after if SECRET in json.dumps(each["inputs"])]
    if names:
        yield f"{listed(names)}: made of secrets, so nobody sees here whether they change."


def _deployments(
    changes: Sequence[ResourceChange], after: Mapping[str, Resource], models: Mapping[str, Any]
) -> Iterator[str]:
    for change in changes:
        if change.type != _DEPLOYMENT or change.urn not in after:
            continue
        inputs = after[change.urn]["inputs"]
        metadata = mapping(inputs["metadata"])
        name = str(mapping(metadata.get("labels")).get(_MODEL) or metadata["name"])
        replicas, _ = replicas_at_once(inputs)
        if change.action == "replace":
            if replicas:
                yield f"{name}: {_are(replicas)} gone before a new one starts."
            continue
        for each in change.properties:
            if each.path == "spec.replicas" and is_lowered((each.before, each.after)):
                yield f"{name}: {count(_whole(each.after), 'replica')}, not {each.before}: the others end."
        if change.action != "update" or not any(
            each.path.startswith("spec.template") for each in change.properties
        ):
            continue
        if not replicas:
            yield f"{name}: no replica runs yet; the first ones start with the new settings."
            continue
        moves = any("nodeSelector" in each.path for each in change.properties)
        ready = _ready(models.get(name), moves=moves)
        yield f"{name}: {_rollout(inputs, ready)}"


def _rollout(deployment: Mapping[str, Any], ready: str) -> str:
    replicas, away = replicas_at_once(deployment)
    if is_controller(deployment):
        return "restarts; until it is back nobody acts on a spot notice. Replicas that run go on."
    if away == replicas:
        return f"{_are(replicas)} away at once{ready}: nothing answers meanwhile."
    verb = "restarts" if replicas == 1 else "restart"
    return f"{count(replicas, 'replica')} {verb}, {away or 'none'} away at a time{ready}."


def _are(replicas: int) -> str:
    return "its only replica is" if replicas == 1 else f"its {replicas} replicas are"


def _ready(model: Mapping[str, Any] | None, *, moves: bool) -> str:
    """How long one takes: it loads and warms up; one that moves has to get a node first."""
    if not model:
        return ""
    start = model["plan"]["coldStart"]
    spans = [start["untilReady"]] if moves else [start[part] for part in ("load", "warmUp")]
    parts = [span if "expected" in span else span["seconds"] for span in spans]
    expected, high = (sum(part[end] for part in parts) for end in ("expected", "high"))
    new = ", on a new node" if moves else ""
    return f", for about {expected:,.0f} s each (at worst {high:,.0f}{new})"


def _groups(changes: Sequence[ResourceChange], after: Sequence[Resource]) -> Iterator[str]:
    templates = {each.urn for each in changes if each.type == _TEMPLATE and each.action == "update"}
    if any(each.type == _CLUSTER and each.action == "replace" for each in changes):
        yield "Nodes that run belong to the cluster that goes: none of them joins the new one."
        return
    ending = {
        each.urn for each in changes if each.type == _GROUP and each.action in {"replace", "delete"}
    }
    later = [
        str(resource["name"])
        for resource in after
        if resource["type"] == _GROUP
        and resource["urn"] not in ending
        and any(
            urn in templates for each in resource["propertyDependencies"].values() for urn in each
        )
    ]
    if later:
        yield (
            f"{listed(later)}: nodes launched from now on get the new template; those that run keep"
            " theirs until they are replaced, as nothing rolls them."
        )
    protected = {each["urn"] for each in after if each["inputs"].get("protectFromScaleIn")}
    for change in changes:
        for each in change.properties:
            if (
                change.type == _GROUP
                and each.path == "maxSize"
                and is_lowered((each.before, each.after))
            ):
                then = (
                    "those above are protected and stay until they are ended one by one."
                    if change.urn in protected
                    else "AWS ends those above, without draining first."
                )
                yield (
                    f"{change.name}: at most {count(_whole(each.after), 'node')}, not"
                    f" {each.before}: {then}"
                )


def _whole(value: object) -> int:
    return int(str(value))


def _cluster(changes: Sequence[ResourceChange]) -> Iterator[str]:
    providers = {each.type for each in changes if each.action == "replace"}
    for change in changes:
        if change.type in _PODS_OF and change.action == "update":
            yield f"{change.name}: pods of it restart; those of models do not."
        if change.type != _CLUSTER:
            continue
        if change.action == "replace" and _KUBERNETES not in providers:
            yield (
                f"{change.name}: what Pulumi deployed into it is gone with it, and Pulumi takes it for"
                " there: pulumi refresh, then pulumi up."
            )
        for each in change.properties:
            if change.action == "update" and each.path == "version":
                yield (
                    f"{change.name}: the control plane is upgraded in place from {each.before} to"
                    f" {each.after}, which cannot be undone; nodes that run keep their version until"
                    " they are replaced."
                )
