"""Simulated nodes with exactly what the plan says that its nodes register."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.cluster.api import Api, Object, eventually
from tests.cluster.probes import await_scheduler
from tokenfleet.catalogue.machines.instances import instance_type
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.nodes.pools import STARTUP_TAINT_PREFIX
from tokenfleet.plan.nodes.sizes import node_size, smallest
from tokenfleet.plan.stack import Plan


def planned_nodes(plan: Plan) -> Iterator[Object]:
    """One node for each tier of each pool in each of its zones, and the system nodes."""
    for pool, groups in plan.node_groups_by_pool.items():
        for group in groups:
            for zone in group.zones:
                yield planned_node(plan, pool, group, zone)


def planned_node(
    plan: Plan,
    pool: str,
    group: NodeGroupPlan,
    zone: str,
    suffix: str = "",
    *,
    starting: bool = False,
) -> Object:
    """A node of a group: labels, taints, capacity and allocatable as planned.

    One that is ``starting`` has its startup taints and no devices yet.
    """
    kind = smallest([instance_type(name) for name in group.instance_types])
    size = node_size(kind)
    planned = next((p for p in plan.pools if p.name == pool), None)
    devices: dict[str, str] = {}
    ephemeral = "30Gi"
    if planned and not starting:
        devices = {name: str(count) for name, count in planned.resources.items()}
    if planned:
        ephemeral = f"{planned.ephemeral_gib}Gi"
    name = f"{group.physical_name}-{zone}{suffix}"
    kubelet = group.template_of(kind.instance_type).boot.kubelet
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                **kubelet.labels,
                "kubernetes.io/hostname": name,
                "kubernetes.io/arch": {"arm64": "arm64"}.get(kind.architecture, "amd64"),
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/region": plan.region,
                "topology.kubernetes.io/zone": zone,
                "node.kubernetes.io/instance-type": kind.instance_type,
            },
        },
        "spec": {
            "taints": [
                {"key": taint.key, "value": taint.value, "effect": taint.effect}
                for taint in kubelet.taints
                if starting or not taint.key.startswith(STARTUP_TAINT_PREFIX)
            ]
        },
        "status": {
            "capacity": _resources(
                kind.vcpus * 1000, size.memory_mib, ephemeral, devices, size.max_pods
            ),
            "allocatable": _resources(
                size.allocatable_millicpu, size.allocatable_mib, ephemeral, devices, size.max_pods
            ),
        },
    }


def join(api: Api, *nodes: Object) -> None:
    """Register nodes and wait until nothing of the control plane keeps pods off them.

    The scheduler knows that, too: else it would pass over a node that it has not heard of yet.
    """
    for node in nodes:
        api.create(node)
    names = {node["metadata"]["name"] for node in nodes}

    def settled() -> bool:
        """every node is ready and without taints of the control plane"""
        found = [n for n in api.items("/api/v1/nodes") if n["metadata"]["name"] in names]
        return len(found) == len(names) and all(map(_is_ready, found))

    eventually(settled)
    await_scheduler(api, nodes)


def leave(api: Api, name: str) -> None:
    """A node is gone without a word: its object first, then the pods that were on it."""
    api.delete(f"/api/v1/nodes/{name}")
    for pod in api.items("/api/v1/pods"):
        if pod["spec"].get("nodeName") == name:
            metadata = pod["metadata"]
            path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
            api.delete(path, gracePeriodSeconds=0)


def _is_ready(node: Object) -> bool:
    conditions = {c["type"]: c["status"] for c in node["status"].get("conditions", [])}
    taints: list[Mapping[str, Any]] = node["spec"].get("taints", [])
    return conditions.get("Ready") == "True" and not any(
        str(taint["key"]).startswith("node.kubernetes.io/") for taint in taints
    )


def _resources(
    millicpu: int, memory_mib: int, ephemeral: str, devices: Mapping[str, str], pods: int
) -> Mapping[str, str]:
    return {
        "cpu": f"{millicpu}m",
        "memory": f"{memory_mib}Mi",
        "ephemeral-storage": ephemeral,
        "pods": str(pods),
        **devices,
    }
