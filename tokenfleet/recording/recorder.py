"""Runs the real ``__main__.py`` in this process and records what it asks the engine for."""

import asyncio
import contextlib
import contextvars
import gc
import json
import os
import runpy
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from google.protobuf import empty_pb2, struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import rpc, set_all_config
from pulumi.runtime.mocks import (
    MockCallArgs,
    MockEngine,
    MockMonitor,
    MockResourceArgs,
    Mocks,
    MockSettings,
)
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import configure
from pulumi.runtime.stack import run_in_stack

from tokenfleet.recording.invented import invented_id, invented_outputs
from tokenfleet.recording.recorded import SECRET, UNKNOWN, Mode, RecordedResource, Recording

_STACK_TYPE = "pulumi:pulumi:Stack"
# How Pulumi marks a special value on the wire (pulumi/pulumi sdk/go/common/resource/sig/sig.go).
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker, public


class Configured:
    """Configuration as the engine hands it to a program: text, JSON for anything nested."""

    def __init__(self, namespace: str, keys: Mapping[str, object], secrets: Sequence[str]) -> None:
        self.values = {f"{namespace}:{key}": _as_text(value) for key, value in keys.items()}
        # The real values are encrypted; whatever depends on them is shown as a secret anyway.
        self.secret_keys = [f"{namespace}:{key}" for key in secrets]
        self.values |= dict.fromkeys(self.secret_keys, "not decrypted")
        self.region = str(keys.get("region", ""))


def record(
    project_directory: Path, project: str, stack: str, configured: Configured, mode: Mode
) -> Recording:
    """Run the program of ``project_directory`` and return what it would build.

    As a ``preview``, what the cloud invents is unknown, so code that needs such a value too
    early fails; as a ``deployment`` it is made up, so that what depends on it can be looked at.

    Raises:
        whatever the program raises; ``pulumi.RunError`` for a bad stack.
    """
    monitor = _Monitor(mode, configured.region)

    def run() -> None:
        configure(
            MockSettings(
                project=project,
                stack=stack,
                organization="organization",
                root_directory=str(project_directory),
                monitor=monitor,
                engine=MockEngine(None),
                dry_run=mode == "preview",
                parallel=None,
                legacy_apply_enabled=False,
                monitor_features=set(),
                package_refs={},
                base_providers_by_ref={},
                outputs=set(),
                lock=threading.Lock(),
                callbacks=None,
            )
        )
        set_all_config(configured.values, configured.secret_keys)
        with _inside(project_directory), asyncio.Runner() as runner:
            runner.run(run_in_stack(lambda: _run_program(project_directory)))

    with _no_collector():
        contextvars.copy_context().run(run)
    return monitor.recording(project, stack)


def _run_program(project_directory: Path) -> None:
    runpy.run_path(str(project_directory / "__main__.py"), run_name="__main__")


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


@contextlib.contextmanager
def _no_collector() -> Generator[None]:
    """Looking for garbage among half a million small objects takes as long as the run itself."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextlib.contextmanager
def _inside(directory: Path) -> Generator[None]:
    """The directory as the language host sets it up: current, and first on ``sys.path``."""
    before_path, before_directory = list(sys.path), Path.cwd()
    sys.path.insert(0, str(directory))
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before_directory)
        sys.path[:] = before_path


class _NoCloud(Mocks):
    """Nothing is created and nothing can be asked."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        msg = f"{args.typ} {args.name} is read, not created: decide it in the plan instead"
        raise RuntimeError(msg)

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        # A look-up would need credentials in every preview, and answer differently tomorrow.
        msg = f"the program looks up {args.token}: decide it in the plan instead"
        raise RuntimeError(msg)


class _Monitor(MockMonitor):
    """A resource monitor that keeps every request."""

    def __init__(self, mode: Mode, region: str) -> None:
        super().__init__(_NoCloud())
        self._mode: Mode = mode
        self._region = region
        self._resources: dict[str, RecordedResource] = {}
        self._duplicates: list[str] = []
        self._outputs: dict[str, Mapping[str, object]] = {}
        self._stack_urn = ""
        # Requests arrive on the threads of the runtime's executor.
        self._recording = threading.Lock()

    def RegisterResource(  # noqa: N802 - the name of the gRPC method
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        urn = str(self.make_urn(request.parent, request.type, request.name))
        if request.type == _STACK_TYPE:
            self._stack_urn = urn
            return resource_pb2.RegisterResourceResponse(urn=urn)
        recorded = _recorded(request, urn)
        with self._recording:
            if urn in self._resources:
                self._duplicates.append(urn)
            self._resources.setdefault(urn, recorded)
        return self._answer(request, recorded)

    def _answer(
        self, request: resource_pb2.RegisterResourceRequest, recorded: RecordedResource
    ) -> resource_pb2.RegisterResourceResponse:
        """What the engine would: in a preview, whatever is not an input is unknown."""
        resource_id = ""
        outputs = struct_pb2.Struct()
        outputs.CopyFrom(request.object)
        if request.custom and self._mode == "deployment":
            resource_id = invented_id(recorded.type, recorded.name)
            invented = invented_outputs(recorded.type, recorded.name, recorded.inputs, self._region)
            outputs.update(cast("dict[str, Any]", invented))
        return resource_pb2.RegisterResourceResponse(
            urn=recorded.urn, id=resource_id, object=outputs
        )

    def RegisterResourceOutputs(  # noqa: N802 - the name of the gRPC method
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        with self._recording:
            self._outputs[request.urn] = _plain_mapping(request.outputs)
        return empty_pb2.Empty()

    def recording(self, project: str, stack: str) -> Recording:
        outputs = dict(self._outputs)
        return Recording(
            mode=self._mode,
            project=project,
            stack=stack,
            stack_urn=self._stack_urn,
            resources=[self._resources[urn] for urn in sorted(self._resources)],
            duplicate_urns=sorted(self._duplicates),
            outputs=outputs.pop(self._stack_urn, {}),
            component_outputs={urn: outputs[urn] for urn in sorted(outputs)},
        )


def _recorded(request: resource_pb2.RegisterResourceRequest, urn: str) -> RecordedResource:
    return RecordedResource(
        urn=urn,
        type=request.type,
        name=request.name,
        is_component=not request.custom,
        parent=request.parent,
        inputs=_plain_mapping(request.object),
        # "urn::id"; the id says nothing here.
        provider=request.provider.rpartition("::")[0],
        dependencies=sorted(request.dependencies),
        property_dependencies={
            name: sorted(dependencies.urns)
            for name, dependencies in sorted(request.propertyDependencies.items())
        },
        ignore_changes=sorted(request.ignoreChanges),
        protect=request.protect,
        delete_before_replace=request.deleteBeforeReplace,
        retain_on_delete=request.retainOnDelete,
    )


def _plain_mapping(struct: struct_pb2.Struct) -> Mapping[str, object]:
    return cast("dict[str, object]", _plain(MessageToDict(struct)))


def _plain(value: object) -> object:
    """Wire form to plain values: secrets and unknowns named, whole numbers as ``int``."""
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        if entries.get(_SIGNATURE) == _SECRET_SIGNATURE:
            return SECRET
        return {key: _plain(entries[key]) for key in sorted(entries)}
    if isinstance(value, list):
        return [_plain(entry) for entry in cast("list[object]", value)]
    if value == rpc.UNKNOWN:
        return UNKNOWN
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
