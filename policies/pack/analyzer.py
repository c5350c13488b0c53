"""The policy pack: one policy a rule, over what the resources of a stack ask for.

It runs in an environment of its own: pulumi-policy and this package pin different releases of
protobuf.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from pulumi.runtime import is_dry_run
from pulumi_policy import (  # pyright: ignore[reportMissingModuleSource] - it is in the environment of the pack
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError  # pyright: ignore[reportMissingModuleSource] - likewise

from tokenfleet.policies.finding import Rule
from tokenfleet.policies.pack.certain import judge
from tokenfleet.policies.pack.given import JUDGED_IN_PART, NOT_JUDGED, recording_of
from tokenfleet.policies.rulebook import RULES, name_of
from tokenfleet.recording.recorded import UNKNOWN, RecordedResource

INPUTS = "inputs"


def serve() -> None:
    """Answer the engine until it ends this process."""
    PolicyPack("tokenfleet", policies(), enforcement_level=EnforcementLevel.MANDATORY)


def policies() -> list[Policy]:
    """One policy a rule, named like it, and ``inputs``, which the others need."""
    asked_for: dict[str, Mapping[str, object]] = {}

    def keep(args: ResourceValidationArgs, report: ReportViolation) -> None:
        del report
        asked_for[args.urn] = _plain_mapping(args.props)

    # A stack policy is shown outputs: what the cloud adds there is no mistake of the program.
    description = "Keeps what each resource asks for, which the rules judge. Reports nothing."
    inputs = ResourceValidationPolicy(name=INPUTS, description=description, validate=keep)
    return [inputs, *(_policy(rule, asked_for) for rule in RULES)]


def _policy(rule: Rule, asked_for: Mapping[str, Mapping[str, object]]) -> Policy:
    name = name_of(rule)

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if name in NOT_JUDGED:
            args.not_applicable(NOT_JUDGED[name])
        if not asked_for:
            report(f"cannot be judged: switch on the policy '{INPUTS}' as well", None)
            return
        given = [_recorded(resource, asked_for.get(resource.urn)) for resource in args.resources]
        judgement = judge(rule, recording_of(given, "preview" if is_dry_run() else "deployment"))
        for finding in judgement.findings:
            report(finding.problem, finding.resource)
        if judgement.unknown:
            raise _NotKnownYetError(judgement.unknown)

    description = (rule.__doc__ or name).splitlines()[0]
    if name in JUDGED_IN_PART:
        description = f"{description} ({JUDGED_IN_PART[name]})"
    return StackValidationPolicy(name=name, description=description, validate=validate)


class _NotKnownYetError(UnknownValueError):
    """Makes pulumi-policy say so, whatever the level of the policy."""

    def __init__(self, places: Sequence[str]) -> None:
        super().__init__(UNKNOWN_STRING_VALUE, [places[0]])
        more = f" and {len(places) - 1} more" if places[1:] else ""
        self.message = (
            f"what is certain is reported; the rest depends on {places[0]}{more}, known after"
            " deployment"
        )


def _recorded(resource: PolicyResource, inputs: Mapping[str, object] | None) -> RecordedResource:
    """A resource with its inputs; without, as one that --target leaves out, with its state."""
    return RecordedResource(
        urn=resource.urn,
        type=resource.resource_type,
        name=resource.name,
        # The engine gives everything a provider but components, and providers themselves.
        is_component=not resource.provider and not resource.resource_type.startswith("pulumi:"),
        is_remote=False,
        parent=resource.parent.urn if resource.parent else "",
        inputs=_plain_mapping(resource.props) if inputs is None else inputs,
        provider=resource.provider.urn if resource.provider else "",
        dependencies=sorted(below.urn for below in resource.dependencies),
        property_dependencies={
            key: sorted(below.urn for below in resource.property_dependencies[key])
            for key in sorted(resource.property_dependencies)
        },
        ignore_changes=sorted(resource.opts.ignore_changes),
        protect=resource.opts.protect,
        delete_before_replace=bool(resource.opts.delete_before_replace),
        retain_on_delete=False,  # not told, and no rule asks
    )


def _plain_mapping(props: Mapping[str, object]) -> Mapping[str, object]:
    """Properties as the recorder keeps them: plain, ordered, what is unknown named."""
    return {key: _plain(partial(props.__getitem__, key)) for key in sorted(props)}


def _plain(value_of: Callable[[], object]) -> object:
    try:
        value = value_of()
    except UnknownValueError:
        return UNKNOWN
    if isinstance(value, Mapping):
        return _plain_mapping(cast("Mapping[str, object]", value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        entries = cast("Sequence[object]", value)
        return [_plain(partial(entries.__getitem__, index)) for index in range(len(entries))]
    return int(value) if isinstance(value, float) and value.is_integer() else value
