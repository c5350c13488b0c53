"""The program's shape: every resource once, in its place, with its provider named."""

import json
from collections.abc import Iterator

from tokenfleet.policies.finding import Finding
from tokenfleet.policies.values import decoded, mapping
from tokenfleet.recording.recorded import SECRET, Recording

# What str() of an Output yields instead of a value (pulumi.Output.__str__), and its repr.
_OUTPUT_AS_TEXT = ("Calling __str__ on an Output", "<pulumi.output.Output object")


def unique_urns(recording: Recording) -> Iterator[Finding]:
    """Two resources of one name would be one resource to the engine."""
    for urn in recording.duplicate_urns:
        yield Finding(
            rule="unique-urns", resource=urn, problem="is registered twice: give one another name"
        )


def parented(recording: Recording) -> Iterator[Finding]:
    """Every resource belongs to a component, so that the tree says why it exists."""
    components = {r.urn for r in recording.resources if r.is_component}
    for resource in recording.resources:
        top_level = resource.is_component or resource.is_provider
        if resource.parent in components or (top_level and resource.parent == recording.stack_urn):
            continue
        yield Finding(
            rule="parented", resource=resource.urn, problem="has no component as parent=self"
        )


def outputs_registered(recording: Recording) -> Iterator[Finding]:
    """A component without register_outputs never counts as finished."""
    for resource in recording.resources:
        if resource.is_component and not (
            resource.is_remote or resource.urn in recording.component_outputs
        ):
            yield Finding(
                rule="outputs-registered",
                resource=resource.urn,
                problem="does not call register_outputs",
            )


def explicit_providers(recording: Recording) -> Iterator[Finding]:
    """A default provider may be another region, without the stack's tags."""
    providers = {r.urn for r in recording.resources if r.is_provider}
    for resource in recording.resources:
        if resource.is_component or resource.is_provider or resource.provider in providers:
            continue
        yield Finding(
            rule="explicit-providers",
            resource=resource.urn,
            problem="uses a default provider: hand the component its providers",
        )
    for lookup in recording.lookups:
        if lookup.provider not in providers:
            yield Finding(
                rule="explicit-providers",
                resource=lookup.token,
                problem="is looked up with a default provider: give it a parent or provider",
            )


def no_output_as_text(recording: Recording) -> Iterator[Finding]:
    """An Output put into a string carries an error message instead of its value."""
    places = {resource.urn: resource.inputs for resource in recording.resources}
    for urn, values in {**places, recording.stack_urn: recording.outputs}.items():
        text = json.dumps(values, default=str) + decoded(values.get("userData"))
        if any(sign in text for sign in _OUTPUT_AS_TEXT):
            yield Finding(
                rule="no-output-as-text",
                resource=urn,
                problem="a value contains the text of an Output: use .apply or Output.format",
            )


def secrets_stay_secret(recording: Recording) -> Iterator[Finding]:
    """What goes into a Kubernetes Secret must be encrypted in the state."""
    for resource in recording.of_type("kubernetes:core/v1:Secret"):
        for field in ("data", "stringData"):
            if any(value != SECRET for value in mapping(resource.inputs.get(field)).values()):
                yield Finding(
                    rule="secrets-stay-secret",
                    resource=resource.urn,
                    problem=f"{field} holds plain text: wrap it in Output.secret",
                )
