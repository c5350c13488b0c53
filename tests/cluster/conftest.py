"""Fixtures: one control plane and one stand-in for AWS a session, both as new for each test."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.cluster.api import Api
from tests.cluster.control_plane import ControlPlane
from tests.cluster.definitions import install_definitions
from tests.cluster.fleet import Fleet, FleetOf
from tests.cluster.life import FASTER, write_stages
from tests.cluster.scaling.keda import Keda, running_keda
from tests.cluster.scarcity.scarcity import Scarcity
from tests.cluster.tools import ToolsMissing, binaries, binary, core_tools, module_folder
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan
from tokenfleet.settings.stack_file import StackFile


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of the binaries; a test without them is skipped, with the way to get them."""
    try:
        return core_tools()
    except ToolsMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def control_plane(
    tools: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[ControlPlane]:
    """A running control plane; its folder with all logs is kept when a test failed."""
    folder = tmp_path_factory.mktemp("control-plane")
    write_stages(tools, folder / "kwok.yaml")
    running = ControlPlane(tools, folder, folder / "kwok.yaml")
    yield running
    running.stop()
    if request.session.testsfailed:
        print(f"\nlogs of the control plane: {folder}")  # noqa: T201 - for whoever looks into a failure
    elif "KEEP_LOGS" not in os.environ:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def install_crds(control_plane: ControlPlane) -> Callable[[str, str], None]:
    """Installs the CRDs of a pinned module, once; a test that needs them asks for them."""
    installed: set[str] = set()
    api = Api(control_plane.access)

    def install(name: str, folder: str) -> None:
        (module,) = {entry.module for entry in binaries() if entry.name == name}
        if module not in installed:
            install_definitions(api, module_folder(module) / folder)
            installed.add(module)

    return install


@pytest.fixture(scope="session")
def keda(
    control_plane: ControlPlane,
    install_crds: Callable[[str, str], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Keda]:
    """KEDA, running; without Go or a build of it tests are skipped, with the way to get one."""
    try:
        for name in ("keda-operator", "keda-adapter", "prometheus"):
            binary(name)
    except ToolsMissing as missing:
        pytest.skip(str(missing))
    install_crds("keda-operator", "config/crd/bases")
    folder = tmp_path_factory.mktemp("keda")
    with running_keda(Api(control_plane.access), control_plane.access, folder) as running:
        yield running


@pytest.fixture
def api(control_plane: ControlPlane) -> Api:
    """The API as an administrator."""
    return Api(control_plane.access)


@pytest.fixture(scope="session")
def plans(stack_files: Mapping[str, StackFile], root: Path) -> Mapping[str, Plan]:
    """The plans of the stacks."""
    return {name: decide(file.keys, name, root) for name, file in stack_files.items()}


@pytest.fixture
def fleet_of(api: Api, plans: Mapping[str, Plan]) -> Iterator[FleetOf]:
    """Sets up a stack in the cluster; everything is gone after the test."""
    fleets: list[Fleet] = []

    def set_up(stack: str, *, faster: float = FASTER) -> Fleet:
        fleets.append(Fleet(api, plans[stack], faster=faster))
        return fleets[-1]

    yield set_up
    for fleet in fleets:
        fleet.remove()


@pytest.fixture(scope="session")
def scarcity_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scarcity]:
    """The stand-in for AWS capacity that runs out; a test asks for ``scarcity``."""
    running = Scarcity(tmp_path_factory.mktemp("scarcity"))
    yield running
    running.stop()


@pytest.fixture
def scarcity(scarcity_server: Scarcity) -> Scarcity:
    """A region in which nothing has happened yet."""
    scarcity_server.reset()
    return scarcity_server
