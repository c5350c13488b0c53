"""Runs the real ``__main__.py`` in this process and records what it asks the engine for."""

import asyncio
import contextvars
import json
import runpy
import threading
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import pulumi
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
from pulumi.runtime.proto import provider_pb2, resource_pb2
from pulumi.runtime.settings import configure
from pulumi.runtime.stack import run_in_stack

from tokenfleet.recording.configured import Configured
from tokenfleet.recording.failure import failure
from tokenfleet.recording.invented import invented_id, invented_outputs
from tokenfleet.recording.lookups import Answers
from tokenfleet.recording.recorded import Mode, RecordedLookup, RecordedResource, Recording
from tokenfleet.recording.surroundings import (
    forget_unawaited,
    inside,
    no_collector,
    no_source_positions,
    standard_output_as_error,
)
from tokenfleet.recording.wire import as_stored, plain_mapping, recorded

_STACK_TYPE = "pulumi:pulumi:Stack"
_SECRET_TYPE = "kubernetes:core/v1:Secret"  # noqa: S105 - a kind of object
_STACK_REFERENCE = "pulumi:pulumi:StackReference"


def record(
    program: Path,
    project: str,
    stack: str,
    configured: Configured,
    mode: Mode,
    *,
    root: Path | None = None,
    answers: Answers | None = None,
) -> Recording:
    """Run a program, a Python file or a folder with a ``__main__.py``, and return what it would build.

    As a ``preview``, what the cloud invents is unknown, so code that needs such a value too
    early fails; as a ``deployment`` it is made up, so that what depends on it can be looked at.
    ``root`` is the project's folder, where it is not that of the program; ``answers`` are what
    the program is told when it asks for something that exists already. What it prints goes to
    standard error.

    Raises:
        pulumi.RunError: when the program does not run to its end; the text says where and why.
    """
    file = program / "__main__.py" if program.is_dir() else program
    monitor = _Monitor(mode, configured.region, answers or Answers())

    outputs: set[asyncio.Task[object]] = set()

    def run() -> None:
        configure(
            MockSettings(
                project=project,
                stack=stack,
                organization="organization",
                root_directory=str(root or file.parent),
                monitor=monitor,
                engine=MockEngine(None),
                dry_run=mode == "preview",
                parallel=None,
                legacy_apply_enabled=False,
                monitor_features=set(),
                package_refs={},
                base_providers_by_ref={},
                outputs=outputs,
                lock=threading.Lock(),
                callbacks=None,
            )
        )
        set_all_config(configured.values, configured.secret_keys)
        with inside(file.parent), standard_output_as_error(), asyncio.Runner() as runner:
            # What waits for a value that failed fails too: one reason is enough.
            runner.get_loop().set_exception_handler(_say_nothing)
            runner.run(run_in_stack(lambda: _run_program(file, outputs)))

    failed: pulumi.RunError | None = None
    with no_collector(), no_source_positions():
        try:
            contextvars.copy_context().run(run)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a program raises
            failed = failure(error, file)
            forget_unawaited(error, outputs)
    if failed:
        raise failed
    return monitor.recording(project, stack)


def _say_nothing(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    pass


async def _run_program(file: Path, outputs: AbstractSet[asyncio.Task[object]]) -> None:
    runpy.run_path(str(file), run_name="__main__")
    # The runtime itself would look at all that are left whenever one is done.
    while pending := [output for output in outputs if not output.done()]:
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        if any(task.cancelled() or task.exception() for task in done):
            return


class _NoCloud(Mocks):
    """Never asked: the monitor answers everything itself."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        raise NotImplementedError(args.typ)

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError(args.token)


class _Monitor(MockMonitor):
    """A resource monitor that keeps every request."""

    def __init__(self, mode: Mode, region: str, answers: Answers) -> None:
        super().__init__(_NoCloud())
        self._answers = answers
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
            if registered.type == _SECRET_TYPE:
                outputs.update(cast("dict[str, Any]", as_stored(request.object)))
        return resource_pb2.RegisterResourceResponse(
            urn=registered.urn, id=resource_id, object=outputs
        )

    def Invoke(  # noqa: N802 - the name of the gRPC method
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        response = resource_pb2.ResourceInvokeResponse()
        self._look_up(request, getattr(response, "return"))
        return response

    def Call(  # noqa: N802 - the name of the gRPC method
        self, request: resource_pb2.ResourceCallRequest
    ) -> provider_pb2.CallResponse:
        """A function that is a method of a resource."""
        response = provider_pb2.CallResponse()
        self._look_up(request, getattr(response, "return"))
        return response

    def _look_up(
        self,
        request: resource_pb2.ResourceInvokeRequest | resource_pb2.ResourceCallRequest,
        outputs: struct_pb2.Struct,
    ) -> None:
        lookup = RecordedLookup(
            token=request.tok,
            arguments=plain_mapping(request.args),
            provider=request.provider.rpartition("::")[0],
        )
        with self._recording:
            self._lookups.append(lookup)
        found = self._answers.of_function(lookup.token, lookup.arguments)
        outputs.update(cast("dict[str, Any]", found))

    def ReadResource(  # noqa: N802 - the name of the gRPC method
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        properties = struct_pb2.Struct()
        properties.CopyFrom(request.properties)
        if request.type == _STACK_REFERENCE:
            outputs = self._answers.of_stack(request.id)
            found: Mapping[str, object] = {"outputs": outputs, "secretOutputNames": []}
        else:
            found = self._answers.of_resource(request.type, request.name)
        properties.update(cast("dict[str, Any]", found))
        urn = self.make_urn(request.parent, request.type, request.name)
        return resource_pb2.ReadResourceResponse(urn=urn, id=request.id, properties=properties)

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
