"""Pods that are there to be seen: what the API server says is known elsewhere a little later."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.cluster.api import Api, Object, Refused, eventually


def await_scheduler(api: Api, nodes: Sequence[Object]) -> None:
    """Wait until the scheduler knows these nodes as they are: it has put a pod onto each.

    It tolerates what a node is made with, and nothing that the control plane puts there.
    """
    probes = [
        _pod(
            f"probe-{node['metadata']['name']}",
            nodeSelector={"kubernetes.io/hostname": node["metadata"]["name"]},
            tolerations=[
                {"key": taint["key"], "operator": "Exists"} for taint in node["spec"]["taints"]
            ],
        )
        for node in nodes
    ]
    for probe in probes:
        api.create(probe)
    paths = [f"/api/v1/namespaces/default/pods/{probe['metadata']['name']}" for probe in probes]

    def placed() -> bool:
        """the scheduler has put a pod onto every node"""
        return all(api.get(path)["spec"].get("nodeName") for path in paths)

    eventually(placed)
    for path in paths:
        api.delete(path, gracePeriodSeconds=0)


def await_priority(api: Api, name: str) -> None:
    """Wait until a pod may have the priority of a class that was made just now."""

    def admitted() -> bool:
        """admission knows the priority class"""
        try:
            return bool(api.create(_pod("probe", priorityClassName=name), dry_run=True))
        except Refused:
            return False

    eventually(admitted)


def _pod(name: str, **spec: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any fields of a pod
    """In a namespace that restricts nothing."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [{"name": "probe", "image": "registry.example/probe"}], **spec},
    }
