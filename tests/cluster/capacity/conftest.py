"""A controller over the stand-in and the control plane, and one line of time for each scenario."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.api import Api
from tests.cluster.capacity.controller import Controller, installed, mounted, settings_of
from tests.cluster.capacity.loop import (
    BOOT_SECONDS,
    LOAD_SECONDS,
    MODEL,
    ON_DEMAND,
    POOL,
    ZONES,
    Loop,
    Times,
)
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import FleetOf
from tests.cluster.scarcity.bridge import Bridge
from tests.cluster.scarcity.groups import keep_warm, make_groups
from tests.cluster.scarcity.scarcity import Scarcity
from tokenfleet.plan.stack import Plan

LoopOf = Callable[..., Loop]
_TIMES = Times()


@pytest.fixture(scope="session")
def controller_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code and the API model, as they are mounted."""
    return mounted(tmp_path_factory.mktemp("mounted"))


@pytest.fixture
def loop_of(  # noqa: PLR0917 - fixtures
    api: Api,
    control_plane: ControlPlane,
    plans: Mapping[str, Plan],
    fleet_of: FleetOf,
    scarcity: Scarcity,
    controller_files: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[LoopOf]:
    """Starts the loop: nodes by the stand-in, so many replicas wanted, the controller running.

    ``settled`` waits until all of them serve on spot. With ``warm`` nodes beside the on-demand
    group the policy counts on slow boots, which do not fit into a notice; a scenario has them from
    the moment that it gives the bridge that time.
    """
    plan = plans["prod"]
    with ExitStack() as stack:
        loops: list[Loop] = []

        def start(
            replicas: int,
            *,
            settled: bool = True,
            spot: int | None = None,
            warm: int = 0,
            times: Times = _TIMES,
            **settings: Any,  # noqa: ANN401 - any of the settings
        ) -> Loop:
            faster = next(m for m in plan.models if m.name == MODEL).deadlines.start_seconds
            fleet = fleet_of("prod", faster=faster / LOAD_SECONDS)
            installed(api, plan)
            make_groups(scarcity.aws, plan.node_groups_by_pool[POOL])
            if warm:
                keep_warm(scarcity.aws, ON_DEMAND, warm)
            bridge = Bridge(
                scarcity,
                control_plane.access,
                plan,
                boot_seconds=BOOT_SECONDS,
                warm_boot_seconds=BOOT_SECONDS,
            )
            stack.enter_context(bridge)
            knobs = {**times.knobs(warm=bool(warm)), **settings.pop("knobs", {})}
            models = {MODEL: {"graceSeconds": times.grace, "startSeconds": 20.0}}
            planned = settings_of(
                plan,
                fleet,
                POOL,
                knobs=knobs,
                **{
                    "noticeSeconds": times.notice,
                    "intervalSeconds": 1.5,
                    # None is late because the machine is busy.
                    "provisionSeconds": times.slow_boot + times.notice,
                    "models": models,
                    **settings,
                },
                warm={"nodes": warm, "drawSeconds": times.notice / 3} if warm else None,
            )
            fleet.prepare()
            controller = Controller(
                api=api,
                access=control_plane.access,
                fleet=fleet,
                scarcity=scarcity,
                files=controller_files,
                folder=tmp_path,
                settings=planned,
                queue=scarcity.queue(),
            )
            loop = Loop(
                api=api,
                access=control_plane.access,
                fleet=fleet,
                scarcity=scarcity,
                bridge=bridge,
                controller=controller,
                times=times,
            )
            loops.append(stack.enter_context(loop))
            if spot is not None:
                loop.dry(*ZONES, left=spot)
            loop.note(f"{replicas} replicas are wanted")
            fleet.serve(MODEL, replicas)
            controller.start()
            if settled:
                loop.await_settled(replicas, spot=replicas)
            return loop

        yield start
    with capsys.disabled():
        for loop in loops:
            sys.stdout.write(f"\n\n{request.node.name}\n{loop.timeline()}\n")
