"""Fixtures: a real vLLM, the containers that plans render, engines that never outlive the run."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.tools import ToolsMissing
from tests.edge.edges import Edges
from tests.edge.envoy import envoy_binary
from tests.engine.containers import OTHERS, Pod, pod_of, stack_with, unhurried
from tests.engine.fleet import Engines, Replicas
from tests.engine.install import EngineTools, engine_tools
from tests.today import TODAY
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.run import preview_stack
from tokenfleet.settings.stack_file import StackFile


@pytest.fixture(scope="session")
def tools() -> EngineTools:
    """The engine and its model; a test without them is skipped, with the reason."""
    try:
        return engine_tools()
    except ToolsMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def plans(stack_files: Mapping[str, StackFile], root: Path) -> Mapping[str, Plan]:
    """The plans of the stacks and of hardware that they do not have."""
    keys: Mapping[str, dict[str, Any]] = {s: dict(f.keys) for s, f in stack_files.items()}
    others = {name: stack_with(keys["prod"], *row) for name, row in OTHERS.items()}
    return {name: decide(stack, "test", root) for name, stack in {**keys, **others}.items()}


@pytest.fixture(scope="session")
def pod(stack_files: Mapping[str, StackFile]) -> Pod:
    """The pod of the dev stack's model, as the program asks for it, with a minute to end."""
    preview = preview_stack(unhurried(stack_files["dev"]), TODAY)
    (model,) = preview.plan.models
    return pod_of(preview.recording, f"vllm-{model.name}")


@pytest.fixture(scope="session")
def engines(
    tools: EngineTools, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Engines]:
    """Starts engines; none is left at the end, their logs are kept when a test failed."""
    folder = tmp_path_factory.mktemp("engines")
    running = Engines(tools, folder)
    yield running
    running.stop()
    if request.session.testsfailed:
        print(f"\nlogs of the engines: {folder}")  # noqa: T201 - for whoever looks into a failure
    elif "KEEP_LOGS" not in os.environ:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def replicas(engines: Engines, pod: Pod) -> Replicas:
    """Replicas of the dev stack's model."""
    return Replicas(engines, pod)


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edges]:
    """Starts edges, and scripted replicas; a test without Envoy is skipped, with the reason."""
    try:
        envoy_binary()
    except ToolsMissing as missing:
        pytest.skip(str(missing))
    running = Edges(tmp_path_factory.mktemp("edge"))
    yield running
    running.stop()
