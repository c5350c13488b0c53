"""Pods that read a ConfigMap or Secret that changes under them, and what they notice of it.

Files of a volume follow within the kubelet's sync period (a minute) and its cache; an environment,
a mount by subPath and what is immutable stay as they were until the pod is restarted:
https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically,
https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-immutable, and for Secrets
https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod (2026-11).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.policies.values import mapping, mappings, pod_spec
from tokenfleet.recording.recorded import SECRET
from tokenfleet.review.resource_change import Resource, ResourceChange

_CONFIG_MAP, _SECRET = "kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret"
_CLUSTER = "aws:eks/cluster:Cluster"
_CRON_JOB = "kubernetes:batch/v1:CronJob"
_WORKLOADS = frozenset(
    {
        "kubernetes:apps/v1:DaemonSet",
        "kubernetes:apps/v1:Deployment",
        "kubernetes:apps/v1:StatefulSet",
        "kubernetes:batch/v1:Job",
        _CRON_JOB,
    }
)
_DATA = ("data", "binaryData", "stringData")
_TEMPLATES = ("spec.template", "spec.jobTemplate")

Way = Literal["files", "environment", "subPath", "start"]


@dataclass(frozen=True, kw_only=True)
class _Read:
    """One place of a pod that is filled from a ConfigMap or Secret; no key is all of it."""

    type: str
    name: str
    key: str | None
    way: Way


@dataclass(frozen=True, kw_only=True)
class _Changed:
    """A ConfigMap or Secret with other contents; ``paths`` are inputs, none is any of them."""

    resource: Resource
    paths: Sequence[str] | None
    was_immutable: bool
    is_sure: bool

    def concerns(self, read: _Read) -> bool:
        """Whether what is read is not what it was."""
        if self.paths is None or read.key is None:
            return True
        places = [f"{root}.{read.key}" for root in _DATA]
        return any(
            path in _DATA
            or path in places
            or path.startswith(tuple(f"{p}{c}" for p in places for c in ".["))
            for path in self.paths
        )


def told_readers(
    changes: Sequence[ResourceChange], after: Mapping[str, Resource], *, secrets_differ: bool
) -> Iterator[str]:
    """A sentence for all pods that read one in one way, unless a rollout lets them read it anew.

    ``secrets_differ`` says that any Secret made of secrets of the stack may be another.
    """
    changed = list(_changed(changes, after, secrets_differ=secrets_differ))
    # Of a cluster that goes, no pod goes on.
    if not changed or any(each.type == _CLUSTER and each.action != "update" for each in changes):
        return
    readers = _readers(changes, after)
    for each in changed:
        metadata = mapping(each.resource["inputs"].get("metadata"))
        key = (each.resource["type"], str(metadata.get("namespace")), str(metadata.get("name")))
        ways: dict[str, dict[str, None]] = {}
        for who, read in readers.get(key, ()):
            if each.concerns(read):
                way = "immutable" if each.was_immutable and read.way == "files" else read.way
                ways.setdefault(way, {})[who] = None
        name = key[2] if each.is_sure else f"{key[2]}, should it change,"
        for way, found in sorted(ways.items()):
            yield f"{', '.join(sorted(found))}: {_noticed(way, name)}"


def _noticed(way: str, name: str) -> str:
    match way:
        case "files":
            return (
                f"files of {name} follow within a minute or so, without a restart; what a process"
                " has read of them it may keep."
            )
        case "start":
            return f"{name} is read only as pods start: those that run go on as they are."
        case _:
            why = {"environment": "in the environment", "subPath": "mounted by subPath"}
            return (
                f"{name} stays as it was in pods that run, until they restart"
                f" ({why.get(way, 'it is immutable')})."
            )


def _changed(
    changes: Sequence[ResourceChange], after: Mapping[str, Resource], *, secrets_differ: bool
) -> Iterator[_Changed]:
    seen = set[str]()
    for change in changes:
        if change.type not in {_CONFIG_MAP, _SECRET} or change.urn not in after:
            continue
        paths = [each.path for each in change.properties if each.path.startswith(_DATA)]
        if change.action in {"update", "replace"} and (paths or change.follows):
            seen.add(change.urn)
            yield _Changed(
                resource=after[change.urn],
                paths=None if change.follows else paths,
                was_immutable=_was_immutable(change, after[change.urn]),
                is_sure=True,
            )
    for urn, resource in after.items() if secrets_differ else ():
        is_made_of_one = SECRET in json.dumps(resource["inputs"])
        is_kept = any(each.startswith(_DATA) for each in resource["ignoreChanges"])
        if resource["type"] == _SECRET and is_made_of_one and not is_kept and urn not in seen:
            immutable = bool(resource["inputs"].get("immutable"))
            yield _Changed(resource=resource, paths=None, was_immutable=immutable, is_sure=False)


def _was_immutable(change: ResourceChange, resource: Resource) -> bool:
    former = [each.before for each in change.properties if each.path == "immutable"]
    return bool(former[0] if former else resource["inputs"].get("immutable"))


def _readers(
    changes: Sequence[ResourceChange], after: Mapping[str, Resource]
) -> Mapping[tuple[str, str, str], Sequence[tuple[str, _Read]]]:
    """Who reads what, by type, namespace and name: only pods that run, and go on running."""
    starting = {
        each.urn
        for each in changes
        if each.action != "update"
        or any(found.path.startswith(_TEMPLATES) for found in each.properties)
    }
    found: dict[tuple[str, str, str], list[tuple[str, _Read]]] = {}
    for urn, resource in after.items():
        if resource["type"] not in _WORKLOADS or urn in starting:
            continue
        inputs = resource["inputs"]
        spec, metadata = mapping(inputs.get("spec")), mapping(inputs.get("metadata"))
        if spec.get("replicas") == 0:
            continue
        who = str(
            mapping(metadata.get("labels")).get("tokenfleet.io/model") or metadata.get("name")
        )
        is_cron = resource["type"] == _CRON_JOB
        pod = pod_spec(mapping(spec.get("jobTemplate")) if is_cron else inputs)
        for read in _reads(pod, at_start=is_cron):
            key = (read.type, str(metadata.get("namespace")), read.name)
            found.setdefault(key, []).append((who, read))
    return found


def _reads(pod: Mapping[str, object], *, at_start: bool) -> Iterator[_Read]:
    volumes = {
        volume.get("name"): list(_sources(volume)) for volume in mappings(pod.get("volumes"))
    }
    for group in ("containers", "initContainers"):
        for container in mappings(pod.get(group)):
            # One that is always restarted is a sidecar: it runs as long as the others.
            runs = group == "containers" or container.get("restartPolicy") == "Always"
            is_start = at_start or not runs
            yield from _environment(container, "start" if is_start else "environment")
            for mount in mappings(container.get("volumeMounts")):
                part = mount.get("subPath") or mount.get("subPathExpr")
                way: Way = "start" if is_start else "subPath" if part else "files"
                for type_token, name, items in volumes.get(mount.get("name"), ()):
                    for key in _keys(items, part):
                        yield _Read(type=type_token, name=name, key=key, way=way)


def _keys(items: Mapping[str, str], part: object) -> Sequence[str | None]:
    """The keys that a mount shows, by path in the volume; None is all."""
    if part:
        return [items.get(str(part), str(part))]
    return list(items.values()) or [None]


def _sources(volume: Mapping[str, object]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    projected = mapping(volume.get("projected")).get("sources")
    for source in (volume, *mappings(projected)):
        for type_token, field in ((_CONFIG_MAP, "configMap"), (_SECRET, "secret")):
            found = mapping(source.get(field))
            name = found.get("secretName") or found.get("name")
            if name:
                items = mappings(found.get("items"))
                yield type_token, str(name), {str(i.get("path")): str(i.get("key")) for i in items}


def _environment(container: Mapping[str, object], way: Way) -> Iterator[_Read]:
    for type_token, kind in ((_CONFIG_MAP, "configMap"), (_SECRET, "secret")):
        for variable in mappings(container.get("env")):
            found = mapping(mapping(variable.get("valueFrom")).get(f"{kind}KeyRef"))
            if found:
                name, key = str(found.get("name")), str(found.get("key"))
                yield _Read(type=type_token, name=name, key=key, way=way)
        for source in mappings(container.get("envFrom")):
            found = mapping(source.get(f"{kind}Ref"))
            if found:
                yield _Read(type=type_token, name=str(found.get("name")), key=None, way=way)
