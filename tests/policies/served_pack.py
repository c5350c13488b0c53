"""The policy pack as the engine starts it, and the engine's part of the conversation."""

import os
import subprocess
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import grpc  # pyright: ignore[reportMissingTypeStubs] - it ships none
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from tokenfleet.recording.recorded import SECRET, UNKNOWN, RecordedResource, Recording

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-policies" / "bin" / "python"
# As the engine marks them on the wire (pulumi/pulumi sdk/go/common/resource/plugin/rpc.go).
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker, public
_DEFAULT_PROVIDER = "urn:pulumi:prod::tokenfleet::pulumi:providers:kubernetes::default_4_34_2"
LEVELS = {
    "advisory": analyzer_pb2.ADVISORY,
    "mandatory": analyzer_pb2.MANDATORY,
    "disabled": analyzer_pb2.DISABLED,
}


@dataclass(frozen=True, kw_only=True, order=True)
class Reported:
    """What a policy reports: of which resource, in which words, and how it counts."""

    policy: str
    urn: str
    message: str
    level: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a pack says of a stack, and why some policies say nothing."""

    reported: Sequence[Reported]
    not_applicable: Mapping[str, str]


class _Analyzer(Protocol):
    """Those methods of the engine's interface that are called, with the types that grpc lacks."""

    def GetAnalyzerInfo(self, request: empty_pb2.Empty) -> analyzer_pb2.AnalyzerInfo: ...  # noqa: N802 - the name of the gRPC method
    def Configure(self, request: analyzer_pb2.ConfigureAnalyzerRequest) -> empty_pb2.Empty: ...  # noqa: N802 - likewise
    def Analyze(self, request: analyzer_pb2.AnalyzeRequest) -> analyzer_pb2.AnalyzeResponse: ...  # noqa: N802 - likewise
    def AnalyzeStack(  # noqa: N802 - likewise
        self, request: analyzer_pb2.AnalyzeStackRequest
    ) -> analyzer_pb2.AnalyzeResponse: ...


class ServedPack:
    """A pack that runs; it is told of changes only, since it keeps what it was told."""

    def __init__(self, stub: _Analyzer) -> None:
        self._stub = stub
        self._told: dict[str, RecordedResource] = {}
        info = stub.GetAnalyzerInfo(empty_pb2.Empty())
        self.policies = {policy.name: policy for policy in info.policies}

    def configure(self, levels: Mapping[str, str]) -> None:
        """Levels as --policy-pack-config gives them: "all" first, then by name."""
        default = {name: policy.enforcementLevel for name, policy in self.policies.items()}
        if "all" in levels:
            default = dict.fromkeys(default, LEVELS[levels["all"]])
        default |= {name: LEVELS[level] for name, level in levels.items() if name != "all"}
        self._stub.Configure(
            analyzer_pb2.ConfigureAnalyzerRequest(
                policyConfig={
                    name: analyzer_pb2.PolicyConfig(enforcementLevel=level)
                    for name, level in default.items()
                }
            )
        )

    def asked(
        self, recording: Recording, added_by_the_cloud: Mapping[str, Mapping[str, object]] = {}
    ) -> Answer:
        """What it says of a stack whose resources are created with some more outputs, by URN."""
        for resource in recording.resources:
            if self._told.get(resource.urn) != resource:
                self._told[resource.urn] = resource
                self._stub.Analyze(_request(resource))
        answer = self._stub.AnalyzeStack(
            analyzer_pb2.AnalyzeStackRequest(resources=[*_state(recording, added_by_the_cloud)])
        )
        return Answer(
            reported=sorted(
                Reported(
                    policy=found.policyName,
                    urn=found.urn,
                    message=found.message,
                    level=analyzer_pb2.EnforcementLevel.Name(found.enforcementLevel).lower(),
                )
                for found in answer.diagnostics
            ),
            not_applicable={rule.policy_name: rule.reason for rule in answer.not_applicable},
        )


@contextmanager
def served_pack() -> Generator[ServedPack]:
    """A pack as ``pulumi-analyzer-policy-python`` starts it, in its folder and environment."""
    command = [str(PYTHON), "-u", "-m", "pulumi.policy", "127.0.0.1:1", "."]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    process = subprocess.Popen(
        command, cwd=ROOT / "policies", env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        port = process.stdout.readline().strip()
        assert port.isdecimal(), "the pack did not start; its reason is on standard error"
        with cast("Any", grpc).insecure_channel(f"127.0.0.1:{port}") as channel:
            yield ServedPack(cast("_Analyzer", analyzer_pb2_grpc.AnalyzerStub(channel)))
    finally:
        process.kill()
        process.communicate()


def _request(resource: RecordedResource) -> analyzer_pb2.AnalyzeRequest:
    return analyzer_pb2.AnalyzeRequest(
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        properties=_struct(resource.inputs),
        options=_options(resource),
    )


def _state(
    recording: Recording, added_by_the_cloud: Mapping[str, Mapping[str, object]]
) -> Iterator[analyzer_pb2.AnalyzerResource]:
    """Every resource with its outputs, and the stack itself."""
    yield analyzer_pb2.AnalyzerResource(
        urn=recording.stack_urn,
        type="pulumi:pulumi:Stack",
        name=recording.stack_urn.rpartition("::")[2],
        properties=_struct(recording.outputs),
    )
    for resource in recording.resources:
        outputs = {**resource.inputs, **added_by_the_cloud.get(resource.urn, {})}
        provider = None
        if not resource.is_component and not resource.is_provider:
            # The engine finds one for whatever names none.
            urn = resource.provider or _DEFAULT_PROVIDER
            provider = analyzer_pb2.AnalyzerProviderResource(urn=urn, name=urn.rpartition("::")[2])
        yield analyzer_pb2.AnalyzerResource(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            properties=_struct(
                recording.component_outputs.get(resource.urn, {})
                if resource.is_component
                else outputs
            ),
            options=_options(resource),
            provider=provider,
            parent=resource.parent,
            dependencies=resource.dependencies,
            propertyDependencies={
                name: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns)
                for name, urns in resource.property_dependencies.items()
                if urns
            },
        )


def _options(resource: RecordedResource) -> analyzer_pb2.AnalyzerResourceOptions:
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=resource.protect,
        ignoreChanges=resource.ignore_changes,
        deleteBeforeReplace=resource.delete_before_replace,
        deleteBeforeReplaceDefined=True,
    )


def _struct(values: Mapping[str, object]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(cast("dict[str, Any]", _wire(values)))
    return struct


def _wire(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _wire(entry) for key, entry in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list):
        return [_wire(entry) for entry in cast("list[object]", value)]
    if value == SECRET:
        return {_SIGNATURE: _SECRET, "value": {"value": "hunter2"}}
    return _UNKNOWN if value == UNKNOWN else value
