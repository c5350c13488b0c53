"""Where replicas go: their own pool, their own node, cheapest tier first, over all zones."""

from collections.abc import Callable

import pytest

from tests.cluster.api import Api, Object, Refused, eventually
from tests.cluster.fleet import Fleet
from tests.cluster.nodes import join, planned_node
from tests.cluster.probes import await_priority

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
MODEL_BY_POOL = {"graviton4": "qwen3-8b", "inferentia2": "qwen25-7b", "h100": "gpt-oss-120b"}
TIER = "tokenfleet.io/tier"

FleetOf = Callable[[str], Fleet]


def _tier_of(pod: Object, api: Api) -> str:
    node = api.get(f"/api/v1/nodes/{pod['spec']['nodeName']}")
    return str(node["metadata"]["labels"][TIER])


@pytest.mark.parametrize("model", MODEL_BY_POOL.values())
def test_replicas_spread_over_zones_on_the_cheapest_tier(
    model: str, fleet_of: FleetOf, api: Api
) -> None:
    fleet = fleet_of("prod")
    fleet.join_all()
    fleet.prepare()
    fleet.serve(model, len(ZONES))
    pods = fleet.await_ready(model, len(ZONES))
    assert {fleet.zone_of(pod) for pod in pods} == set(ZONES)
    assert {_tier_of(pod, api) for pod in pods} == {"spot"}


@pytest.mark.parametrize("pool", MODEL_BY_POOL)
def test_a_replica_has_a_node_of_its_own(pool: str, fleet_of: FleetOf) -> None:
    fleet = fleet_of("prod")
    fleet.join(pool, "spot", ZONES[:2])
    fleet.prepare()
    fleet.serve(MODEL_BY_POOL[pool], 3)
    pods = fleet.await_ready(MODEL_BY_POOL[pool], 2)
    assert len({pod["spec"]["nodeName"] for pod in pods}) == len(pods)
    eventually(lambda: _unschedulable(_unplaced(fleet, MODEL_BY_POOL[pool])))
    assert len(fleet.ready(MODEL_BY_POOL[pool])) == 2


def test_two_replicas_share_a_node_only_where_both_fit(fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of("prod")
    (spot, *_) = fleet.plan.node_groups_by_pool["graviton4"]
    node = planned_node(fleet.plan, "graviton4", spot, ZONES[0])
    for resources in (node["status"]["allocatable"], node["status"]["capacity"]):
        for name in ("cpu", "memory", "ephemeral-storage"):
            number = resources[name].rstrip("mMGi")
            resources[name] = f"{2 * int(number)}{resources[name].removeprefix(number)}"
    join(api, node)
    fleet.prepare()
    fleet.serve("qwen3-8b", 3)
    assert {p["spec"]["nodeName"] for p in fleet.await_ready("qwen3-8b", 2)} == {
        node["metadata"]["name"]
    }


@pytest.mark.parametrize("pool", MODEL_BY_POOL)
def test_a_replica_lands_on_no_node_of_another_pool(pool: str, fleet_of: FleetOf) -> None:
    fleet = fleet_of("prod")
    for other in set(MODEL_BY_POOL) - {pool}:
        fleet.join(other, "on-demand", ZONES[:1])
    fleet.join("system", "on-demand", ZONES[:1])
    fleet.prepare()
    model = MODEL_BY_POOL[pool]
    fleet.serve(model, 1)
    eventually(lambda: _unschedulable(fleet.pods(model)))
    # The right node makes the difference, so it was the pool that kept it off.
    fleet.join(pool, "on-demand", ZONES[:1])
    fleet.await_ready(model, 1)


def test_nothing_but_models_lands_on_their_nodes(fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of("prod")
    for pool in MODEL_BY_POOL:
        fleet.join(pool, "spot", ZONES[:1])
    fleet.prepare()
    path = f"/api/v1/namespaces/{fleet.namespace}/pods"
    # Without the account of pods that name none it would be refused.
    eventually(lambda: api.answers(f"/api/v1/namespaces/{fleet.namespace}/serviceaccounts/default"))
    api.create(_stranger(fleet.namespace))
    eventually(lambda: _unschedulable(api.items(path)))
    (name,) = fleet.join("system", "on-demand", ZONES[:1])
    eventually(lambda: [pod["spec"].get("nodeName") for pod in api.items(path)] == [name])


def test_a_crowd_in_one_pool_starves_no_other(fleet_of: FleetOf) -> None:
    fleet = fleet_of("prod")
    for pool in MODEL_BY_POOL:
        fleet.join(pool, "spot", ZONES[:1])
    fleet.prepare()
    fleet.serve("qwen3-8b", 20)
    fleet.await_ready("qwen3-8b", 1)
    for model in ("qwen25-7b", "gpt-oss-120b"):
        fleet.serve(model, 1)
        fleet.await_ready(model, 1)
    assert len(fleet.ready("qwen3-8b")) == 1


def test_replicas_fall_back_to_on_demand_when_spot_is_gone(fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of("prod")
    (spot,) = fleet.join("h100", "spot", ZONES[:1])
    fleet.prepare()
    fleet.serve("gpt-oss-120b", 1)
    fleet.await_ready("gpt-oss-120b", 1)
    fleet.lose(spot)
    fleet.join("h100", "on-demand", ZONES[1:2])
    (pod,) = fleet.await_ready("gpt-oss-120b", 1)
    assert _tier_of(pod, api) == "on-demand"


def test_a_placeholder_gives_way_at_once(fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of("prod")
    fleet.join("inferentia2", "spot", ZONES[:1])
    fleet.prepare()
    priority = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
    api.apply({**priority, "metadata": {"name": "placeholder"}, "value": -5})
    await_priority(api, "placeholder")
    placeholder = _like_a_replica(fleet, "qwen25-7b")
    api.create(placeholder)
    path = f"/api/v1/namespaces/{fleet.namespace}/pods/placeholder"
    eventually(lambda: api.get(path)["spec"].get("nodeName"))
    fleet.serve("qwen25-7b", 1)
    fleet.await_ready("qwen25-7b", 1)
    assert "placeholder" not in {
        pod["metadata"]["name"] for pod in api.items(path.removesuffix("/placeholder"))
    }
    api.delete("/apis/scheduling.k8s.io/v1/priorityclasses/placeholder")


def test_a_node_cannot_make_itself_welcome_to_others(fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of("prod")
    (name,) = fleet.join("h100", "spot", ZONES[:1])
    node = api.acting_as(f"system:node:{name}", "system:nodes")
    path = f"/api/v1/nodes/{name}"
    with pytest.raises(Refused, match="not allowed to modify taints"):
        node.merge(path, {"spec": {"taints": []}})
    with pytest.raises(Refused, match="is not allowed to modify"):
        node.merge(path, {"metadata": {"labels": {"node-restriction.kubernetes.io/a": "b"}}})
    assert node.merge(path, {"metadata": {"labels": {"tokenfleet.io/seen": "yes"}}})


def _unplaced(fleet: Fleet, model: str) -> list[Object]:
    return [pod for pod in fleet.pods(model) if not pod["spec"].get("nodeName")]


def _unschedulable(pods: list[Object]) -> bool:
    """every pod there is has been refused by the scheduler"""
    return bool(pods) and all(
        condition["reason"] == "Unschedulable"
        for pod in pods
        for condition in pod["status"].get("conditions", [{"reason": "Unseen"}])
        if condition.get("type", "PodScheduled") == "PodScheduled"
    )


def _stranger(namespace: str) -> Object:
    """A pod that asks for nothing and tolerates nothing."""
    context = {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {"name": "stranger", "image": "registry.example/stranger"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "stranger", "namespace": namespace},
        "spec": {"containers": [{**container, "securityContext": context}]},
    }


def _like_a_replica(fleet: Fleet, model: str) -> Object:
    spec = fleet.object_of("Deployment", model)["spec"]["template"]["spec"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "placeholder", "namespace": fleet.namespace},
        "spec": {**spec, "priorityClassName": "placeholder"},
    }
