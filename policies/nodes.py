"""Nodes: metadata service, and what an autoscaler must know of an empty group."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

import yaml

from policies.finding import Finding
from policies.values import mapping, mappings, texts
from tokenfleet.preview.recording import RecordedResource, Recording

_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_AUTOSCALER = "k8s.io/cluster-autoscaler"
_NODE_TEMPLATE = f"{_AUTOSCALER}/node-template"


def imds_v2(recording: Recording) -> Iterator[Finding]:
    """Pods must not reach the role of their node."""
    for template in recording.of_type(_TEMPLATE):
        options = mapping(template.inputs.get("metadataOptions"))
        if options.get("httpTokens") != "required" or options.get("httpPutResponseHopLimit") != 1:
            yield Finding(
                rule="imds-v2",
                resource=template.urn,
                problem="must require tokens (httpTokens) with a hop limit of 1",
            )


def scale_from_zero(recording: Recording) -> Iterator[Finding]:
    """What a group's tags promise must be what its nodes register, and complete."""
    templates = {template.urn: template for template in recording.of_type(_TEMPLATE)}
    for group in recording.of_type("aws:autoscaling/group:Group"):
        tags = group_tags(group)
        if tags.get(f"{_AUTOSCALER}/enabled") != "true":
            continue
        template = next((templates[u] for u in group.dependencies if u in templates), None)
        if template is None:
            yield _finding(group, "uses no launch template of this program")
            continue
        yield from _missing(group, tags, template)


def group_tags(group: RecordedResource) -> Mapping[str, str]:
    """The tags of an Auto Scaling group as a mapping."""
    return {
        str(tag.get("key")): str(tag.get("value")) for tag in mappings(group.inputs.get("tags"))
    }


def node_config(template: RecordedResource) -> Mapping[str, object]:
    """The NodeConfig in the user data of a launch template; empty when it is not known."""
    try:
        text = base64.b64decode(str(template.inputs.get("userData", "")), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return {}
    part = re.search(r"^apiVersion: node\.eks\.aws.*?(?=^--)", text, re.MULTILINE | re.DOTALL)
    return mapping(yaml.load(part.group(), Loader=yaml.CSafeLoader)) if part else {}


def _missing(
    group: RecordedResource, tags: Mapping[str, str], template: RecordedResource
) -> Iterator[Finding]:
    owned = [key for key, value in tags.items() if key.startswith(_AUTOSCALER) and value == "owned"]
    if not owned:
        yield _finding(group, f"lacks the tag {_AUTOSCALER}/<cluster>=owned")
    for resource in ("cpu", "memory", "ephemeral-storage"):
        if f"{_NODE_TEMPLATE}/resources/{resource}" not in tags:
            yield _finding(group, f"lacks the tag {_NODE_TEMPLATE}/resources/{resource}")
    kubelet = mapping(mapping(node_config(template).get("spec")).get("kubelet"))
    labels = dict(
        label.split("=", 1)
        for flag in texts(kubelet.get("flags"))
        if flag.startswith("--node-labels=")
        for label in flag.removeprefix("--node-labels=").split(",")
    )
    taints = {
        str(taint["key"]): f"{taint['value']}:{taint['effect']}"
        for taint in mappings(mapping(kubelet.get("config")).get("registerWithTaints"))
    }
    for kind, registered in (("label", labels), ("taint", taints)):
        prefix = f"{_NODE_TEMPLATE}/{kind}/"
        promised = {k.removeprefix(prefix): v for k, v in tags.items() if k.startswith(prefix)}
        for key in sorted(promised.keys() | registered.keys()):
            if promised.get(key) != registered.get(key):
                yield _finding(
                    group,
                    f"{kind} {key}: the tag says {promised.get(key)}, nodes register"
                    f" {registered.get(key)}",
                )


def _finding(group: RecordedResource, problem: str) -> Finding:
    return Finding(rule="scale-from-zero", resource=group.urn, problem=problem)
