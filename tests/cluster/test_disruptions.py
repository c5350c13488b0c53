"""What interrupts replicas: releases, evictions, drains, lost nodes; and what is left at the end."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.api import Api, Refused, eventually
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import Fleet, is_ready
from tests.cluster.life import DRAIN
from tests.cluster.watched import Watched

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
TOO_MANY_REQUESTS = 429
MODEL, POOL = "qwen3-8b", "graviton4"

FleetOf = Callable[[str], Fleet]


def _serving(fleet: Fleet, **change: object) -> list[str]:
    """Three replicas on three nodes, none free; the nodes' names."""
    nodes = fleet.join(POOL, "spot", ZONES)
    fleet.prepare()
    fleet.serve(MODEL, len(ZONES), change=change)
    fleet.await_ready(MODEL, len(ZONES))
    return nodes


def _released(fleet: Fleet, version: str) -> bool:
    ready = fleet.ready(MODEL)
    images = [pod["spec"]["containers"][0]["image"] for pod in ready]
    return len(ready) == len(ZONES) and all(image.endswith(version) for image in images)


def test_a_release_completes_without_a_free_node_and_keeps_all_but_one(
    fleet_of: FleetOf, api: Api
) -> None:
    fleet = fleet_of("prod")
    _serving(fleet)
    with Watched(api, fleet, MODEL) as seen:
        fleet.release(MODEL, "v2")
        eventually(lambda: _released(fleet, "v2"))
    assert seen.fewest == len(ZONES) - 1


def test_the_default_strategy_would_wait_for_a_node_that_never_comes(fleet_of: FleetOf) -> None:
    fleet = fleet_of("prod")
    _serving(fleet, strategy={"type": "RollingUpdate"}, progressDeadlineSeconds=3)
    fleet.release(MODEL, "v2")

    def stuck() -> bool:
        """the rollout has exceeded its deadline, and not the one before"""
        deployment = fleet.deployment(MODEL)
        status, generation = deployment["status"], deployment["metadata"]["generation"]
        return status["observedGeneration"] == generation and any(
            c.get("reason") == "ProgressDeadlineExceeded" for c in status["conditions"]
        )

    eventually(stuck)
    assert not _released(fleet, "v2")


def test_a_second_eviction_is_refused(fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of("prod")
    _serving(fleet)
    first, second, _ = fleet.ready(MODEL)
    # For as long as this one drains no other takes its place.
    path = f"/api/v1/namespaces/{fleet.namespace}/pods/{first['metadata']['name']}"
    api.merge(path, {"metadata": {"annotations": {DRAIN: "600s"}}})
    eventually(lambda: _disruptions_allowed(fleet, api) == 1)
    api.evict(first)
    with pytest.raises(Refused, match="disruption budget") as refused:
        api.evict(second)
    assert refused.value.code == TOO_MANY_REQUESTS


def test_two_drains_at_once_keep_all_but_one(
    fleet_of: FleetOf, api: Api, control_plane: ControlPlane, tools: Path
) -> None:
    fleet = fleet_of("prod")
    nodes = _serving(fleet)
    fleet.join(POOL, "on-demand", ZONES)
    kubectl = [str(tools / "kubectl"), f"--kubeconfig={control_plane.access.kubeconfig}"]
    with Watched(api, fleet, MODEL) as seen:
        drains = [
            subprocess.Popen(
                [*kubectl, "drain", node, "--delete-emptydir-data", "--timeout=600s"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for node in nodes[:2]
        ]
        assert [drain.wait() for drain in drains] == [0, 0]
        fleet.await_ready(MODEL, len(ZONES))
    assert seen.fewest == len(ZONES) - 1
    assert not {p["spec"]["nodeName"] for p in fleet.ready(MODEL)} & set(nodes[:2])


def test_replicas_that_never_get_ready_do_not_block_a_drain(fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of("prod")
    fleet.join(POOL, "spot", ZONES)
    fleet.prepare()
    fleet.serve(MODEL, len(ZONES), never_ready=True)
    pods = eventually(lambda: [p for p in fleet.pods(MODEL) if p["spec"].get("nodeName")])
    eventually(lambda: len(fleet.pods(MODEL)) == len(ZONES))
    for pod in pods:
        api.evict(pod)


@pytest.mark.parametrize("lost", ZONES)
def test_a_node_lost_without_notice_is_replaced_in_its_zone(
    lost: str, fleet_of: FleetOf, api: Api
) -> None:
    fleet = fleet_of("prod")
    # Among equals the scheduler goes through nodes zone by zone, which alone would lead to the
    # emptiest zone. Cordoned nodes ahead of the right one make it meet all the others first.
    for number in range(10, 16):
        (cordoned,) = fleet.join(POOL, "spot", [lost], suffix=f"-{number}")
        api.merge(f"/api/v1/nodes/{cordoned}", {"spec": {"unschedulable": True}})
    nodes = _serving(fleet)
    for number in range(2, 8):
        fleet.join(POOL, "spot", [zone for zone in ZONES if zone != lost], suffix=f"-{number}")
    fleet.join(POOL, "spot", [lost], suffix="-2")
    fleet.lose(nodes[ZONES.index(lost)])
    pods = fleet.await_ready(MODEL, len(ZONES))
    assert {fleet.zone_of(pod) for pod in pods} == set(ZONES)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_deleting_and_applying_again_leaves_nothing_and_works(
    stack: str, fleet_of: FleetOf, api: Api
) -> None:
    fleet = fleet_of(stack)
    before = _everything(api)
    for apply_again in (True, False):
        fleet.join_all()
        for found in fleet.objects():
            if found["kind"] == "Deployment":
                # As after its weights are published; before, a model has no replica.
                found["spec"]["replicas"] = 1
            api.apply(found)
        (model, *_) = fleet.plan.models
        eventually(lambda name=model.name: _scheduled(fleet, name))
        if apply_again:
            fleet.remove()
            eventually(lambda: not _everything(api) - before)


def _scheduled(fleet: Fleet, model: str) -> bool:
    pods = fleet.pods(model)
    return bool(pods) and all(pod["spec"].get("nodeName") or is_ready(pod) for pod in pods)


def _disruptions_allowed(fleet: Fleet, api: Api) -> int:
    path = f"/apis/policy/v1/namespaces/{fleet.namespace}/poddisruptionbudgets/vllm-{MODEL}"
    return int(api.get(path).get("status", {}).get("disruptionsAllowed", 0))


def _everything(api: Api) -> set[str]:
    """Every object that a stack could have left behind."""
    found: set[str] = set()
    for path in (
        "/api/v1/nodes",
        "/api/v1/namespaces",
        "/api/v1/persistentvolumes",
        "/api/v1/pods",
        "/api/v1/services",
        "/api/v1/secrets",
        "/api/v1/serviceaccounts",
        "/apis/apps/v1/deployments",
        "/apis/apps/v1/replicasets",
        "/apis/policy/v1/poddisruptionbudgets",
        "/apis/discovery.k8s.io/v1/endpointslices",
        "/apis/scheduling.k8s.io/v1/priorityclasses",
    ):
        for item in api.items(path):
            metadata = item["metadata"]
            found.add(f"{path} {metadata.get('namespace', '')}/{metadata['name']}")
    return found
