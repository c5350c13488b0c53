"""A planned stack in the test cluster: its nodes, its objects, and what scenarios ask of them."""

import copy
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import requests

from tests.cluster.api import Api, Object, eventually
from tests.cluster.life import FASTER, living
from tests.cluster.nodes import join, leave, planned_node, planned_nodes
from tests.cluster.probes import await_priority
from tokenfleet.plan.nodes.pools import LABEL_PREFIX
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan

SECRET: Mapping[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "vllm-api-key", "namespace": "serving"},
    "stringData": {"value": "test"},
}
_BEFORE_MODELS = frozenset(
    {
        "Namespace",
        "NetworkPolicy",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "PriorityClass",
        "Role",
        "RoleBinding",
        "Secret",
        "ServiceAccount",
    }
)
_number = itertools.count(1)


class Fleet:
    """The objects are the rendered ones, in a namespace of their own.

    Only the namespace's name differs, and with it that of the volume that is claimed in it;
    load and drain times are written onto the pods, ``faster`` by that factor.
    """

    def __init__(self, api: Api, plan: Plan, *, faster: float = FASTER) -> None:
        self._api, self.plan, self.faster = api, plan, faster
        self.namespace = f"serving-{next(_number)}"

    def objects(self) -> Iterator[Object]:
        """Every rendered object of the stack, in the order the program creates them."""
        serving = self.plan.serving
        jobs = serving.compile_jobs.values()
        for manifest in (serving.namespace, SECRET, *serving.manifests, *jobs):
            found: Object = copy.deepcopy(dict(manifest))
            volume = f"{self.namespace}-cache"
            match found["kind"]:
                case "Namespace":
                    found["metadata"]["name"] = self.namespace
                case "PriorityClass":
                    pass
                case "PersistentVolume":
                    found["metadata"]["name"] = volume
                    found["spec"]["claimRef"]["namespace"] = self.namespace
                case "PersistentVolumeClaim":
                    found["metadata"]["namespace"] = self.namespace
                    found["spec"]["volumeName"] = volume
                case _:
                    found["metadata"]["namespace"] = self.namespace
            yield found

    def model(self, name: str) -> ModelPlan:
        """The plan of a model."""
        return next(model for model in self.plan.models if model.name == name)

    def object_of(self, kind: str, model: str) -> Object:
        """The rendered object of that kind for a model."""
        return next(
            found
            for found in self.objects()
            if found["kind"] == kind and found["metadata"]["name"] == f"vllm-{model}"
        )

    def join_all(self) -> None:
        """One node for each planned tier and zone."""
        join(self._api, *planned_nodes(self.plan))

    def join(
        self,
        pool: str,
        tier: str,
        zones: Sequence[str],
        suffix: str = "",
        *,
        starting: bool = False,
    ) -> list[str]:
        """Nodes of one tier in the given zones; their names."""
        groups = self.plan.node_groups_by_pool[pool]
        (group,) = (group for group in groups if group.purchase_option == tier)
        nodes = [
            planned_node(self.plan, pool, group, zone, suffix, starting=starting) for zone in zones
        ]
        join(self._api, *nodes)
        return [node["metadata"]["name"] for node in nodes]

    def lose(self, node: str) -> None:
        """A node disappears without notice."""
        leave(self._api, node)

    def prepare(self) -> None:
        """All that is there before the first model."""
        for found in self.objects():
            if found["kind"] in _BEFORE_MODELS:
                self._api.apply(found)
            if found["kind"] == "PriorityClass":
                await_priority(self._api, found["metadata"]["name"])

    def serve(
        self,
        model: str,
        replicas: int,
        *,
        never_ready: bool = False,
        change: Mapping[str, Any] | None = None,
    ) -> Object:
        """Apply a model's Deployment and disruption budget with that many replicas.

        ``change`` replaces keys of the Deployment's spec, to see what would happen otherwise.
        """
        deployment = living(
            self.object_of("Deployment", model),
            self.model(model),
            faster=self.faster,
            never_ready=never_ready,
        )
        deployment["spec"] |= {"replicas": replicas, **(change or {})}
        self._api.apply(self.object_of("PodDisruptionBudget", model))
        return self._api.apply(deployment)

    def release(self, model: str, version: str) -> None:
        """Roll out: the same Deployment with another image."""
        path = f"{self._path('deployments', 'apps/v1')}/vllm-{model}"
        deployment = self._api.get(path)
        template = deployment["spec"]["template"]
        template["spec"]["containers"][0]["image"] = f"registry.example/vllm:{version}"
        containers = template["spec"]["containers"]
        self._api.merge(path, {"spec": {"template": {"spec": {"containers": containers}}}})

    def deployment(self, model: str) -> Object:
        """The Deployment as it is now."""
        return self._api.get(f"{self._path('deployments', 'apps/v1')}/vllm-{model}")

    def pods(self, model: str) -> list[Object]:
        """The pods of a model, those that are ending included."""
        return self._api.items(*self._pods_of(model))

    def watched(self, model: str) -> tuple[list[Object], requests.Response]:
        """The same, and a stream of what happens to them from then on."""
        found, version = self._api.listed(*self._pods_of(model))
        return found, self._api.watch(*self._pods_of(model), since=version)

    def _pods_of(self, model: str) -> tuple[str, str]:
        return f"/api/v1/namespaces/{self.namespace}/pods", f"{LABEL_PREFIX}/model={model}"

    def ready(self, model: str) -> list[Object]:
        """The pods of a model that serve."""
        return [pod for pod in self.pods(model) if is_ready(pod)]

    def await_ready(self, model: str, count: int) -> list[Object]:
        """The ready pods, once there are that many."""

        def enough() -> list[Object]:
            """enough replicas are ready"""
            found = self.ready(model)
            return found if len(found) == count else []

        return eventually(enough)

    def zone_of(self, pod: Object) -> str:
        """The zone of the node a pod runs on."""
        node = self._api.get(f"/api/v1/nodes/{pod['spec']['nodeName']}")
        return str(node["metadata"]["labels"]["topology.kubernetes.io/zone"])

    def remove(self) -> None:
        """Delete what the scenario made, and wait until nothing of it can take a node.

        The namespace goes on ending by itself; the next test has another one.
        """
        for node in self._api.items("/api/v1/nodes"):
            leave(self._api, node["metadata"]["name"])
        for plural in ("deployments", "replicasets"):
            self._api.delete(self._path(plural, "apps/v1"))
        self._api.delete(f"/api/v1/namespaces/{self.namespace}")
        self._api.delete(f"/api/v1/persistentvolumes/{self.namespace}-cache")
        for found in self.objects():
            if found["kind"] == "PriorityClass":
                self._api.remove(found)

        def gone() -> bool:
            """no pod of the scenario is left"""
            path = f"/api/v1/namespaces/{self.namespace}/pods"
            self._api.delete(path, gracePeriodSeconds=0)
            return not self._api.items(path)

        eventually(gone)

    def _path(self, plural: str, version: str) -> str:
        return f"/apis/{version}/namespaces/{self.namespace}/{plural}"


class FleetOf(Protocol):
    """Sets up a stack in the cluster."""

    def __call__(self, stack: str, *, faster: float = FASTER) -> Fleet: ...


def is_ready(pod: Object) -> bool:
    """Whether a pod takes requests: ready, and not on its way out."""
    conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]
