"""Everything that costs money says which stack it belongs to."""

from collections.abc import Iterator, Mapping, Sequence

from tokenfleet.policies.finding import Finding
from tokenfleet.policies.nodes import group_tags
from tokenfleet.policies.values import mapping, mappings, parsed
from tokenfleet.recording.recorded import Recording


def tagged(recording: Recording) -> Iterator[Finding]:
    """The provider tags by default; groups and what they launch must be told separately."""
    for provider in recording.of_type("pulumi:providers:aws"):
        # A provider takes nested values as JSON text.
        defaults = parsed(provider.inputs.get("defaultTags"))
        if missing := _missing(recording, mapping(defaults.get("tags"))):
            yield _finding(provider.urn, "default tags", missing)
    for group in recording.of_type("aws:autoscaling/group:Group"):
        if missing := _missing(recording, group_tags(group)):
            yield _finding(group.urn, "tags", missing)
    for template in recording.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        specifications = {
            str(entry.get("resourceType")): mapping(entry.get("tags"))
            for entry in mappings(template.inputs.get("tagSpecifications"))
        }
        for kind in ("instance", "volume"):
            if missing := _missing(recording, specifications.get(kind, {})):
                yield _finding(template.urn, f"tag specification of its {kind}s", missing)


def _missing(recording: Recording, tags: Mapping[str, object]) -> Sequence[str]:
    required = {
        "tokenfleet:project": recording.project,
        "tokenfleet:stack": recording.stack,
    }
    return [f"{key}={value}" for key, value in required.items() if tags.get(key) != value]


def _finding(urn: str, where: str, missing: Sequence[str]) -> Finding:
    problem = f"its {where} lack {', '.join(missing)}"
    return Finding(rule="tagged", resource=urn, problem=problem)
