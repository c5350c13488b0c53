"""AWS and Kubernetes as a controller meets them, kept in memory; each call may be told to fail."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.capacity.controller.pools import settings
from tokenfleet.capacity.controller.cluster import Deployment, Node, Pod
from tokenfleet.capacity.controller.controller import Controller
from tokenfleet.capacity.controller.groups import (
    CloudError,
    Groups,
    Held,
    Instance,
    Launched,
    Stopped,
)
from tokenfleet.capacity.controller.inbox import Inbox, InboxError, Message
from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.kubernetes import Kubernetes, Object
from tokenfleet.capacity.controller.metrics import Metrics
from tokenfleet.capacity.controller.settings import PoolSettings, Settings


class AnswerLostError(CloudError):
    """Of a call that was done."""


class World(Groups, Kubernetes, Inbox):
    """``fails``: what a call raises, by its name. ``calls``: all, in order; ``patches`` of nodes.

    A group wishes for as many as it has and ``wished``; ``waiting`` nodes are stopped beside it, and
    come when the test lets them (``arrive``).
    """

    def __init__(
        self,
        *,
        instances: Sequence[Instance] = (),
        nodes: Sequence[Node] = (),
        pods: Sequence[Pod] = (),
        deployments: Sequence[Deployment] = (),
        scaled: Mapping[str, str] | None = None,
    ) -> None:
        self._there = list(instances)
        self.wished: dict[str, int] = {}
        self.waiting = 0
        self.sizes: list[int] = []
        self._seen = nodes, pods, deployments
        self.scaled = None if scaled is None else dict(scaled)
        self.fails: dict[str, Exception] = {}
        self.calls: list[str] = []
        self.queue: list[Message] = []
        self.patches: list[Mapping[str, Any]] = []

    def _called(self, call: str, *_: object) -> None:
        self.calls.append(call)
        if call in self.fails:
            raise self.fails[call]

    def held(self, groups: Sequence[str]) -> Held:
        self._called("held")
        return Held(
            instances=[instance for instance in self._there if instance.group in groups],
            desired={group: self._size(group) + self.wished.get(group, 0) for group in groups},
        )

    def stopped(self, group: str) -> Stopped:
        self._called("stopped", group)
        return Stopped(ready=self.waiting)

    def resize(self, group: str, size: int) -> None:
        """One whose answer is lost is done all the same."""
        lost = isinstance(self.fails.get("resize"), AnswerLostError)
        if not lost:
            self._called("resize", group)
        self.sizes.append(size)
        self.wished[group] = size - self._size(group)
        if lost:
            self._called("resize", group)

    def _size(self, group: str) -> int:
        return sum(instance.group == group for instance in self._there)

    def arrive(self, group: str) -> None:
        """What was wished for is there."""
        for number in range(self.wished.pop(group, 0)):
            name = f"i-warm-{len(self._there)}-{number}"
            self.waiting -= 1
            self._there.append(Instance(id=name, group=group, zone="a", type="", in_service=False))

    def launch(
        self, group: str, zone: str, count: int, *, there: Sequence[str], now: float
    ) -> Launched:
        self._called("launch", there, now)
        ids = [f"i-new-{len(self._there)}-{number}" for number in range(count)]
        self._there += [
            Instance(id=i, group=group, zone=zone, type="", in_service=False) for i in ids
        ]
        return Launched(instances=ids)

    def end(self, instance: Instance) -> None:
        self._called("end")
        self._there.remove(instance)

    def receive(self, seconds: float) -> Sequence[Message]:
        self._called("receive", seconds)
        return list(self.queue)

    def delete(self, message: Message) -> None:
        self._called("delete", message)
        self.queue.remove(message)

    def nodes(self) -> Sequence[Node]:
        self._called("nodes")
        return self._seen[0]

    def pods(self) -> Sequence[Pod]:
        self._called("pods")
        return self._seen[1]

    def deployments(self) -> Sequence[Deployment]:
        self._called("deployments")
        return self._seen[2]

    def patch_node(self, node: Node, change: Mapping[str, Any]) -> None:
        self._called("patch_node", node)
        self.patches.append(change)

    def patch_pod(self, pod: Pod, change: Mapping[str, Any]) -> None:
        self._called("patch_pod", pod, change)

    def patch_deployment(self, deployment: Deployment, change: Mapping[str, Any]) -> None:
        self._called("patch_deployment", deployment, change)

    def evict(self, pod: Pod) -> None:
        self._called("evict", pod)

    def scaled_object(self, model: str) -> Mapping[str, str] | None:
        self._called("scaled_object", model)
        return self.scaled

    def annotate_scaled_object(self, model: str, annotations: Mapping[str, str | None]) -> None:
        self._called("annotate_scaled_object", model)
        assert self.scaled is not None
        for key, value in annotations.items():
            if value is None:
                self.scaled.pop(key, None)
            else:
                self.scaled[key] = value

    def emit(self, event: Object) -> None:
        self._called("emit", event)

    def config_map(self, namespace: str, name: str) -> Mapping[str, str]:
        self._called("config_map", namespace, name)
        return {}

    def write_config_map(self, namespace: str, name: str, data: Mapping[str, str]) -> None:
        self._called("write_config_map", namespace, name, data)


def cluster(*pools: PoolSettings) -> Settings:
    """The settings of those pools."""
    return Settings(
        region="r",
        namespace="serving",
        state_namespace="capacity",
        state_name="state",
        notice_seconds=120,
        interval_seconds=15,
        metrics_port=0,
        pools={pool.name: pool for pool in pools},
    )


def silent() -> Journal:
    """One that nobody reads."""
    return Journal("serving", Metrics(), lambda _: None, io.StringIO())


class Run:
    """A controller in such a world, and what it says."""

    def __init__(self, world: World, *pools: PoolSettings) -> None:
        self.world, self.metrics, self._out = world, Metrics(), io.StringIO()
        self.controller = Controller(
            cluster(*pools or (settings(),)),
            kubernetes=world,
            groups=world,
            inbox=world,
            journal=Journal("serving", self.metrics, world.emit, self._out),
        )
        self.controller.start()

    def said(self, *did: str) -> Sequence[Mapping[str, Any]]:
        """Lines of those kinds."""
        lines = [json.loads(line) for line in self._out.getvalue().splitlines()]
        return [line for line in lines if line["did"] in did]


DENIED = CloudError("DescribeAutoScalingGroups", "AccessDenied", "no")
SILENT = InboxError("the queue does not answer")
