"""A model under load, with a Prometheus and an exporter of its own."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from tests.cluster.api import Api
from tests.cluster.fleet import FleetOf
from tests.cluster.scaling.exporter import Exporter
from tests.cluster.scaling.faster import faster
from tests.cluster.scaling.keda import Keda
from tests.cluster.scaling.prometheus import Prometheus
from tests.cluster.scaling.scene import Scene
from tokenfleet.plan.scaling.followed import followed_models
from tokenfleet.plan.scaling.policy import plan_scaling
from tokenfleet.plan.stack import Plan

POOL, MODEL, ZONES = "graviton4", "qwen3-8b", ("us-east-1a", "us-east-1b", "us-east-1c")
# What scenes count by, whatever the order form makes of its model: a rule with a spare.
_SLOTS, _START_SECONDS, _ANSWER_SECONDS = 3, 120, 27.0


class SceneOf(Protocol):
    """Sets up the model on so many nodes, with these bounds and replicas at first."""

    def __call__(
        self, *, first: int, least: int, most: int = ..., loading: float = ..., answer: float = ...
    ) -> Scene: ...


@pytest.fixture
def scene_of(
    api: Api, keda: Keda, plans: Mapping[str, Plan], fleet_of: FleetOf, tmp_path: Path
) -> Iterator[SceneOf]:
    """``loading`` are the seconds until a replica serves, ``answer`` those that an answer takes.

    0: as long as was planned, and as the exporter says by default.
    """
    with ExitStack() as stack:

        def set_up(
            *, first: int, least: int, most: int = 8, loading: float = 0.5, answer: float = 0
        ) -> Scene:
            planned = next(m for m in plans["prod"].models if m.name == MODEL)
            fleet = fleet_of("prod", faster=planned.deadlines.start_seconds / loading)
            published = replace(
                planned,
                published=True,
                admission=replace(planned.admission, answer_seconds=_ANSWER_SECONDS),
                scaling=plan_scaling(
                    slots=_SLOTS, start_seconds=_START_SECONDS, least=least, most=most
                ),
                min_replicas=least,
                max_replicas=most,
            )
            (one,) = followed_models([published])
            one = faster(one)
            one = replace(one, answer_seconds=answer or one.answer_seconds)
            for number in range(-(-most // len(ZONES))):
                fleet.join(POOL, "spot", ZONES, suffix=f"-{number}")
            fleet.prepare()

            def ready() -> list[str]:
                return [pod["metadata"]["name"] for pod in fleet.ready(MODEL)]

            exporter = stack.enter_context(Exporter(one.served_name, ready))
            exporter.answer_seconds = answer or exporter.answer_seconds
            prometheus = Prometheus(tmp_path, one, exporter.address, keda.metrics_port)
            stack.callback(prometheus.stop)
            prometheus.start()
            scene = stack.enter_context(Scene(api, fleet, one, exporter, prometheus))
            fleet.serve(MODEL, first)
            return scene

        yield set_up
