"""The pods that a program itself describes: whose they are, where they run, what they ask for."""

from collections.abc import Iterator, Mapping

from tokenfleet.policies.values import mapping, mappings, pod_spec
from tokenfleet.review.resource_change import Resource

POOL = "tokenfleet.io/pool"
_SCALES = ("HorizontalPodAutoscaler", "ScaledObject")


def running(resources: Mapping[str, Resource]) -> Iterator[Resource]:
    """Whatever has pods by a template, and may have one at all; jobs end by themselves."""
    for resource in resources.values():
        spec = mapping(resource["inputs"].get("spec"))
        is_there = resource["type"].startswith("kubernetes:") and "template" in spec
        if is_there and not resource["type"].endswith(":Job") and not is_idle(resource, resources):
            yield resource


def is_idle(resource: Resource, resources: Mapping[str, Resource]) -> bool:
    """Whether it has no replica, and nothing gives it one."""
    inputs = resource["inputs"]
    if (
        mapping(inputs.get("spec")).get("replicas") != 0
        or "spec.replicas" in resource["ignoreChanges"]
    ):
        return False
    return not any(
        each["type"].endswith(_SCALES)
        and mapping(mapping(each["inputs"].get("spec")).get("scaleTargetRef")).get("name")
        == mapping(inputs.get("metadata")).get("name")
        for each in resources.values()
    )


def name_of(resource: Resource) -> str:
    """The model that it serves, or its own name."""
    metadata = mapping(resource["inputs"].get("metadata"))
    return str(mapping(metadata.get("labels")).get("tokenfleet.io/model") or metadata.get("name"))


def is_selected(resource: Resource, selector: Mapping[str, object], namespace: object) -> bool:
    """Whether its pods have every label of a selector."""
    metadata = mapping(resource["inputs"].get("metadata"))
    template = mapping(mapping(resource["inputs"].get("spec")).get("template"))
    labels = mapping(mapping(template.get("metadata")).get("labels"))
    return metadata.get("namespace") == namespace and selector.items() <= labels.items()


def pool_of_pods(resource: Resource) -> str:
    """The pool that its pods choose; empty where they may be anywhere."""
    return str(mapping(pod_spec(resource["inputs"]).get("nodeSelector")).get(POOL) or "")


def asks_for(resource: Resource, prefix: str) -> bool:
    """Whether a pod of it needs a resource of a node whose name begins so."""
    return any(
        name.startswith(prefix)
        for container in mappings(pod_spec(resource["inputs"]).get("containers"))
        for kind in ("limits", "requests")
        for name in mapping(mapping(container.get("resources")).get(kind))
    )
