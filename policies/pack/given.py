"""What the engine tells a policy pack about a stack, as a recording for the rules."""

from collections.abc import Mapping, Sequence

from tokenfleet.recording.recorded import Mode, RecordedResource, Recording

NOT_JUDGED: Mapping[str, str] = {
    "outputs-registered": "a pack is not told whether a component called register_outputs",
    "secrets-stay-secret": "pulumi-policy takes the mark off every secret before a policy sees it",
    "unique-urns": "the engine refuses a second resource of one name before any policy is asked",
}
"""Rules that need what a pack does not see, with the reason. ``tokenfleet preview`` judges them."""

JUDGED_IN_PART: Mapping[str, str] = {
    "explicit-providers": "of resources only: look-ups are not shown to a pack",
}

_STACK = "pulumi:pulumi:Stack"
# The stack itself and references to others, which are nobody's to build.
_ENGINES_OWN = "pulumi:pulumi:"


def recording_of(given: Sequence[RecordedResource], mode: Mode) -> Recording:
    """The stack as its rules see it; ``given`` is everything in it, the stack itself included.

    Look-ups, second registrations and what components registered are missing: ``NOT_JUDGED``.
    """
    (stack,) = (resource for resource in given if resource.type == _STACK)
    head, project, *_ = stack.urn.split("::")
    resources = [
        resource
        for resource in given
        if not resource.type.startswith(_ENGINES_OWN) and not _is_default_provider(resource)
    ]
    return Recording(
        mode=mode,
        project=project,
        stack=head.rpartition(":")[2],
        stack_urn=stack.urn,
        resources=sorted(resources, key=lambda resource: resource.urn),
        lookups=[],
        duplicate_urns=[],
        outputs=stack.inputs,
        component_outputs={},
    )


def _is_default_provider(resource: RecordedResource) -> bool:
    """Whether the engine made this provider, which no program registers."""
    return resource.is_provider and f"{resource.name}_".startswith("default_")
