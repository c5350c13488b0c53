"""Nodes: metadata service, and what an autoscaler must know of an empty group."""

import re
from collections.abc import Iterator, Mapping

import yaml

from tokenfleet.policies.finding import Finding
from tokenfleet.policies.values import decoded, mapping, mappings, texts
from tokenfleet.recording.recorded import RecordedResource, Recording

_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
AUTOSCALER = "k8s.io/cluster-autoscaler"
CAPACITY_TAG = "tokenfleet.io/capacity"
"""On groups that the capacity controller of the named cluster may use."""
_NODE_TEMPLATE = f"{AUTOSCALER}/node-template"
_ALL_ON_DEMAND = 100  # percent, the default of the API
# Nodes that keep others away for the sake of their devices must promise the devices.
NEURON, NVIDIA = "aws.amazon.com/neuron", "nvidia.com/gpu"
_DEVICES = frozenset({NEURON, NVIDIA})
STARTUP_TAINT = "startup-taint.cluster-autoscaler.kubernetes.io/"
"""How taints begin that nodes lose once they can serve; the autoscaler's simulation has none of
them, whatever the tags say (kubernetes/autoscaler cluster-autoscaler/FAQ.md, 2026-08-22)."""


def imds_v2(recording: Recording) -> Iterator[Finding]:
    """Pods must not reach the role of their node."""
    for template in recording.of_type(_TEMPLATE):
        options = mapping(template.inputs.get("metadataOptions"))
        tokens, hops = options.get("httpTokens"), str(options.get("httpPutResponseHopLimit"))
        if options.get("httpEndpoint") != "disabled" and (tokens, hops) != ("required", "1"):
            yield Finding(
                rule="imds-v2",
                resource=template.urn,
                problem="must require tokens (httpTokens) with a hop limit of 1",
            )


def scale_from_zero(recording: Recording) -> Iterator[Finding]:
    """What a group's tags promise must be what its nodes register, and complete."""
    templates = {template.urn: template for template in recording.of_type(_TEMPLATE)}
    clusters = recording.of_type("aws:eks/cluster:Cluster")
    owners = {f"{AUTOSCALER}/{cluster.inputs.get('name')}" for cluster in clusters}
    for group in recording.of_type("aws:autoscaling/group:Group"):
        if group.inputs.get("minSize") == group.inputs.get("maxSize"):
            continue  # a fixed number of nodes is nobody's to scale
        if is_spot(group):
            continue  # not the autoscaler's to know: policies/capacity.py
        tags = group_tags(group)
        if tags.get(f"{AUTOSCALER}/enabled") != "true":
            yield _finding(group, f"lacks the tag {AUTOSCALER}/enabled=true")
        # Of a cluster that is no part of the stack, nobody here knows the name.
        wanted = owners or {tag for tag in tags if tag.startswith(f"{AUTOSCALER}/")}
        if not any(tags.get(owner) == "owned" for owner in wanted):
            named = " or ".join(sorted(owners)) or f"{AUTOSCALER}/CLUSTER"
            yield _finding(group, f"lacks the tag {named}=owned")
        # A group has a template for each kind of disks: what one registers, all must.
        used = [templates[urn] for urn in group.dependencies if urn in templates]
        configs = [node_config(template) for template in used]
        if not configs or not all(configs):
            yield _finding(group, "has no launch template with a NodeConfig that can be read")
        else:
            broken = (
                found for config in configs for found in _broken_promises(group, tags, config)
            )
            yield from dict.fromkeys(broken)


def is_spot(group: RecordedResource) -> bool:
    """Whether a group buys spot, even if not only."""
    mixed = mapping(group.inputs.get("mixedInstancesPolicy"))
    distribution = mapping(mixed.get("instancesDistribution"))
    percentage = distribution.get("onDemandPercentageAboveBaseCapacity", _ALL_ON_DEMAND)
    return bool(mixed) and percentage != _ALL_ON_DEMAND


def group_tags(group: RecordedResource) -> Mapping[str, str]:
    """The tags of an Auto Scaling group as a mapping."""
    return {
        str(tag.get("key")): str(tag.get("value")) for tag in mappings(group.inputs.get("tags"))
    }


def node_config(template: RecordedResource) -> Mapping[str, object]:
    """The NodeConfig in the user data of a launch template; empty when it is not known."""
    text = decoded(template.inputs.get("userData"))
    part = re.search(r"^apiVersion: node\.eks\.aws.*?(?=^--)", text, re.MULTILINE | re.DOTALL)
    try:
        return mapping(yaml.load(part.group(), Loader=yaml.CSafeLoader)) if part else {}
    except yaml.YAMLError:
        return {}


def node_taints(config: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
    """The taints that a node registers, by key."""
    kubelet = mapping(mapping(config.get("spec")).get("kubelet"))
    taints = mappings(mapping(kubelet.get("config")).get("registerWithTaints"))
    return {str(taint.get("key")): taint for taint in taints}


def node_labels(config: Mapping[str, object]) -> Mapping[str, str]:
    """The labels that a node registers."""
    kubelet = mapping(mapping(config.get("spec")).get("kubelet"))
    pairs = (
        label.partition("=")
        for flag in texts(kubelet.get("flags"))
        if flag.startswith("--node-labels=")
        for label in flag.removeprefix("--node-labels=").split(",")
        if label
    )
    return {key: value for key, _, value in pairs}


def _broken_promises(
    group: RecordedResource, tags: Mapping[str, str], config: Mapping[str, object]
) -> Iterator[Finding]:
    labels = node_labels(config)
    taints = {
        key: f"{taint.get('value', '')}:{taint.get('effect')}"
        for key, taint in node_taints(config).items()
        if not key.startswith(STARTUP_TAINT)
    }
    resources = ["cpu", "memory", "ephemeral-storage", *(t for t in taints if t in _DEVICES)]
    for resource in resources:
        if f"{_NODE_TEMPLATE}/resources/{resource}" not in tags:
            yield _finding(group, f"lacks the tag {_NODE_TEMPLATE}/resources/{resource}")
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
