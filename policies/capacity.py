"""Nodes on spot: one controller launches and ends them, and nobody else so much as sees their groups."""

import re
from collections.abc import Iterator, Mapping

from tokenfleet.policies.finding import Finding
from tokenfleet.policies.nodes import AUTOSCALER, CAPACITY_TAG, group_tags, is_spot
from tokenfleet.policies.values import items, mapping
from tokenfleet.recording.recorded import RecordedResource, Recording

_GROUP = "aws:autoscaling/group:Group"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_CONTROLLER = "capacity-controller"


def one_writer_a_group(recording: Recording) -> Iterator[Finding]:
    """A spot group is the capacity controller's, and there is one of that at a time."""
    clusters = {str(c.inputs.get("name")) for c in recording.of_type("aws:eks/cluster:Cluster")}
    for group in recording.of_type(_GROUP):
        owner = group_tags(group).get(CAPACITY_TAG)
        if owner is None and is_spot(group):
            problem = f"lacks the tag {CAPACITY_TAG}: nobody launches nodes in it"
        elif owner is not None and clusters and owner not in clusters:
            problem = f"belongs to the capacity controller of {owner}, which is not of this stack"
        else:
            continue
        yield Finding(rule="one-writer-a-group", resource=group.urn, problem=problem)
    for deployment in recording.of_type(_DEPLOYMENT):
        spec = mapping(deployment.inputs.get("spec"))
        once = spec.get("replicas") == 1 and mapping(spec.get("strategy")).get("type") == "Recreate"
        if _name(deployment) == _CONTROLLER and not once:
            yield Finding(
                rule="one-writer-a-group",
                resource=deployment.urn,
                problem="may run twice at once: one replica, and the strategy Recreate",
            )


def protected_from_scale_in(recording: Recording) -> Iterator[Finding]:
    """Where two may launch, the smaller wish of one ends a node of the other."""
    for group in recording.of_type(_GROUP):
        if CAPACITY_TAG in group_tags(group) and group.inputs.get("protectFromScaleIn") is not True:
            yield Finding(
                rule="protected-from-scale-in",
                resource=group.urn,
                problem="lets a lower wish for nodes end one that serves: protectFromScaleIn",
            )


def autoscaler_sees_no_spot(recording: Recording) -> Iterator[Finding]:
    """The autoscaler ends nodes of a group that runs dry: it may neither find it nor choose it."""
    spot = [group for group in recording.of_type(_GROUP) if is_spot(group)]
    for group in spot:
        seen = sorted(tag for tag in group_tags(group) if tag.startswith(f"{AUTOSCALER}/"))
        if seen:
            problem = f"has a tag of the autoscaler, {seen[0]}: leave all of them out"
            yield Finding(rule="autoscaler-sees-no-spot", resource=group.urn, problem=problem)
    names = [str(group.inputs.get("name")) for group in spot]
    for release in recording.of_type(_RELEASE):
        for expression in _priorities(mapping(release.inputs.get("values"))):
            for name in names:
                if re.search(expression, name):
                    problem = f"expanderPriorities lets the autoscaler choose {name}: {expression}"
                    yield Finding(
                        rule="autoscaler-sees-no-spot", resource=release.urn, problem=problem
                    )


def _priorities(values: Mapping[str, object]) -> Iterator[str]:
    for expressions in mapping(values.get("expanderPriorities")).values():
        yield from (str(expression) for expression in items(expressions))


def _name(resource: RecordedResource) -> str:
    return str(mapping(resource.inputs.get("metadata")).get("name"))
