"""Everything that costs money says which stack it belongs to."""

from collections.abc import Collection, Iterator, Mapping

from policies.finding import Finding
from policies.nodes import group_tags
from policies.values import mapping, mappings, parsed
from tokenfleet.preview.recording import Recording

REQUIRED = frozenset({"tokenfleet:project", "tokenfleet:stack"})


def tagged(recording: Recording) -> Iterator[Finding]:
    """The provider tags by default; groups and what they launch must be told separately."""
    for provider in recording.of_type("pulumi:providers:aws"):
        # A provider takes nested values as JSON text.
        defaults = parsed(provider.inputs.get("defaultTags"))
        if missing := REQUIRED - mapping(defaults.get("tags")).keys():
            yield _finding(provider.urn, "default tags", missing)
    for group in recording.of_type("aws:autoscaling/group:Group"):
        if missing := REQUIRED - group_tags(group).keys():
            yield _finding(group.urn, "tags", missing)
    for template in recording.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        specifications: Mapping[str, Collection[str]] = {
            str(entry.get("resourceType")): mapping(entry.get("tags")).keys()
            for entry in mappings(template.inputs.get("tagSpecifications"))
        }
        for kind in ("instance", "volume"):
            if missing := REQUIRED - set(specifications.get(kind, ())):
                yield _finding(template.urn, f"tag specification of its {kind}s", missing)


def _finding(urn: str, where: str, missing: frozenset[str]) -> Finding:
    problem = f"its {where} lack {', '.join(sorted(missing))}"
    return Finding(rule="tagged", resource=urn, problem=problem)
