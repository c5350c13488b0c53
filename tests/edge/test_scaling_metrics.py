"""What replicas follow beside their own figures: the edge's counters of what it refused."""

import asyncio
import json
import re

import pytest

from tests.edge.client import Client
from tests.edge.edges import Edges, served
from tokenfleet.plan.scaling.scrape import prometheus_config

pytestmark = pytest.mark.e2e
_FULL = r'envoy_cluster_upstream_rq\{envoy_response_code="503",envoy_cluster_name="m"\} (\d+)'
_UNMET = r'envoy_cluster_upstream_cx_none_healthy\{envoy_cluster_name="m"\} (\d+)'
_HEALTHY = r'envoy_cluster_membership_healthy\{envoy_cluster_name="m"\} (\d+)'
_KEY = "key-of-alice-1"
_REFUSED = 10


def _count(metrics: str, pattern: str) -> int | None:
    found = re.search(pattern, metrics)
    return int(found[1]) if found else None


def test_the_first_request_of_all_that_finds_no_replica_is_a_step_of_a_counter(
    edges: Edges,
) -> None:
    engine = edges.engine()
    envoy = edges.envoy(served([engine]))
    envoy.await_healthy("m", 1)
    # A counter that is born with its first count has no step that a rate could see.
    assert _count(envoy.metrics(), _UNMET) == 0
    engine.kill()
    envoy.await_healthy("m", 0)
    assert _count(envoy.metrics(), _HEALTHY) == 0
    answer = asyncio.run(Client(envoy.port, _KEY).complete())
    assert (answer.status, answer.code) == (503, "no_replica")
    assert _count(envoy.metrics(), _UNMET) == 1


def test_a_request_that_all_replicas_are_too_full_for_counts_once(edges: Edges) -> None:
    engines = [edges.engine(slots=1, bound=1) for _ in range(2)]
    envoy = edges.envoy(served(engines))
    envoy.await_healthy("m", 2)
    client = Client(envoy.port, _KEY, patience=60)

    async def burst() -> None:
        for engine in engines:
            await asyncio.to_thread(engine.behave, held=True)
        asking = {asyncio.ensure_future(client.complete(stream=True)) for _ in range(12)}
        async with asyncio.timeout(60):
            while sum(asked.done() for asked in asking) < _REFUSED:
                await asyncio.sleep(0.05)
        for engine in engines:
            await asyncio.to_thread(engine.behave, held=False)
        await asyncio.wait(asking)

    asyncio.run(burst())
    assert _count(envoy.metrics(), _FULL) == _REFUSED


def test_everything_that_the_scraper_keeps_is_there(edges: Edges) -> None:
    envoy = edges.envoy(served([edges.engine()]))
    config = json.loads(json.dumps(prometheus_config([], capacity=False)))
    (job,) = (job for job in config["scrape_configs"] if job["job_name"] == "edge")
    (kept,) = (rule["regex"] for rule in job["metric_relabel_configs"])
    names = {re.split(r"[{ ]", line)[0] for line in envoy.metrics().splitlines()}
    found = {name for name in names if re.fullmatch(kept, name)}
    assert found >= {
        "envoy_cluster_upstream_cx_none_healthy",
        "envoy_cluster_membership_healthy",
        "envoy_http_rds_update_rejected",
    }
