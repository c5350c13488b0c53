"""A replica that is added for a doomed one is not taken away by the autoscaler, nor is one too many left."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cluster.api import Api
from tests.cluster.capacity.conftest import LoopOf
from tests.cluster.capacity.loop import BOOT_SECONDS, MODEL, Loop
from tests.cluster.scaling.exporter import Exporter
from tests.cluster.scaling.faster import faster
from tests.cluster.scaling.keda import Keda
from tests.cluster.scaling.prometheus import Prometheus
from tests.cluster.scaling.scene import Scene
from tokenfleet.plan.scaling.followed import followed_models

REPLICAS = 3
PAUSED = "autoscaling.keda.sh/paused-scale-in"


@pytest.fixture
def followed(loop_of: LoopOf, api: Api, keda: Keda, tmp_path: Path) -> Iterator[tuple[Loop, Scene]]:
    """The loop with its model's replicas following the load, which asks for ``REPLICAS``."""
    loop = loop_of(REPLICAS)
    planned = loop.fleet.model(MODEL)
    bounds = replace(planned.scaling, least=1, most=8)
    (one,) = followed_models([replace(planned, published=True, scaling=bounds, max_replicas=8)])
    one = faster(one)

    def ready() -> list[str]:
        return [pod["metadata"]["name"] for pod in loop.fleet.ready(MODEL)]

    folder = tmp_path / "prometheus"
    folder.mkdir()
    with ExitStack() as stack:
        exporter = stack.enter_context(Exporter(one.served_name, ready))
        prometheus = Prometheus(folder, one, exporter.address, keda.metrics_port)
        stack.callback(prometheus.stop)
        prometheus.start()
        scene = stack.enter_context(Scene(api, loop.fleet, one, exporter, prometheus))
        scene.load(REPLICAS - 1 - 0.05)
        scene.follow()
        scene.await_replicas(REPLICAS)
        yield loop, scene


def test_a_surge_is_left_alone_while_less_is_asked_for(followed: tuple[Loop, Scene]) -> None:
    loop, scene = followed
    since = loop.mark()
    (zone, *_) = sorted({instance.zone for instance in loop.spot()})
    # So long does the surge last, however seldom a busy machine looks for it.
    loop.bridge.boot_seconds = 20
    loop.reclaim(zone, dry=False)

    def surged() -> bool:
        """one more is asked for, and scale-in is paused"""
        return loop.surged() and _paused(scene) and scene.replicas > REPLICAS

    loop.eventually(surged)
    loop.bridge.boot_seconds = BOOT_SECONDS
    loop.await_settled(REPLICAS, spot=REPLICAS)
    assert loop.fewest(since) == REPLICAS
    loop.eventually(lambda: not _paused(scene))
    # What was held meanwhile goes on: less load, fewer replicas.
    scene.load(0.4)
    scene.await_replicas(1)
    assert not loop.controller.said("crash", "force")


def _paused(scene: Scene) -> bool:
    status: Mapping[str, Mapping[str, Mapping[str, str]]] = scene.status() or {}
    return status["metadata"].get("annotations", {}).get(PAUSED) == "true"
