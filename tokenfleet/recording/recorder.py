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
from collections.abc import Generator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import set_all_config
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

from tokenfleet.recording.configured import Configured
from tokenfleet.recording.invented import invented_id, invented_outputs
from tokenfleet.recording.lookups import answer
from tokenfleet.recording.recorded import Mode, RecordedLookup, RecordedResource, Recording
from tokenfleet.recording.wire import plain_mapping, recorded

_STACK_TYPE = "pulumi:pulumi:Stack"


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
    """Nothing is read."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        msg = f"{args.typ} {args.name} is read, not created: decide it in the plan instead"
        raise RuntimeError(msg)

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        msg = f"{args.token} is called as a method of a resource: decide it in the plan instead"
        raise RuntimeError(msg)


class _Monitor(MockMonitor):
    """A resource monitor that keeps every request."""

    def __init__(self, mode: Mode, region: str) -> None:
        super().__init__(_NoCloud())
        self._mode: Mode = mode
        self._region = region
        self._resources: dict[str, RecordedResource] = {}
        self._lookups: list[RecordedLookup] = []
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
        registered = recorded(request, urn)
        with self._recording:
            if urn in self._resources:
                self._duplicates.append(urn)
            self._resources.setdefault(urn, registered)
        return self._answer(request, registered)

    def _answer(
        self, request: resource_pb2.RegisterResourceRequest, registered: RecordedResource
    ) -> resource_pb2.RegisterResourceResponse:
        """What the engine would: in a preview, whatever is not an input is unknown."""
        resource_id = ""
        outputs = struct_pb2.Struct()
        outputs.CopyFrom(request.object)
        if request.custom and self._mode == "deployment":
            resource_id = invented_id(registered.type, registered.name)
            invented = invented_outputs(
                registered.type, registered.name, registered.inputs, self._region
            )
            outputs.update(cast("dict[str, Any]", invented))
        return resource_pb2.RegisterResourceResponse(
            urn=registered.urn, id=resource_id, object=outputs
        )

    def Invoke(  # noqa: N802 - the name of the gRPC method
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        lookup = RecordedLookup(
            token=request.tok,
            arguments=plain_mapping(request.args),
            provider=request.provider.rpartition("::")[0],
        )
        with self._recording:
            self._lookups.append(lookup)
        response = resource_pb2.ResourceInvokeResponse()
        outputs: struct_pb2.Struct = getattr(response, "return")
        found = answer(lookup.token, lookup.arguments)
        outputs.update(cast("dict[str, Any]", found))
        return response

    def RegisterResourceOutputs(  # noqa: N802 - the name of the gRPC method
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        with self._recording:
            self._outputs[request.urn] = plain_mapping(request.outputs)
        return empty_pb2.Empty()

    def recording(self, project: str, stack: str) -> Recording:
        outputs = dict(self._outputs)
        return Recording(
            mode=self._mode,
            project=project,
            stack=stack,
            stack_urn=self._stack_urn,
            resources=[self._resources[urn] for urn in sorted(self._resources)],
            lookups=sorted(self._lookups, key=lambda lookup: json.dumps(asdict(lookup))),
            duplicate_urns=sorted(self._duplicates),
            outputs=outputs.pop(self._stack_urn, {}),
            component_outputs={urn: outputs[urn] for urn in sorted(outputs)},
        )
