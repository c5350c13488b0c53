"""Instances of the stand-in become nodes of the test cluster, and nodes go with their instances."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from tests.cluster.api import Access, Api, Object
from tests.cluster.nodes import leave, planned_node
from tests.cluster.scarcity.records import Instance
from tests.cluster.scarcity.scarcity import Scarcity
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.stack import Plan

_EVERY_SECONDS = 0.05


class Bridge:
    """Works while its block runs; what went wrong is raised at its end.

    A node is called as its instance and joins, as planned, ``boot_seconds`` after the launch. One
    of a warm pool joins ``warm_boot_seconds`` after it was drawn, and never before.
    """

    def __init__(
        self,
        scarcity: Scarcity,
        access: Access,
        plan: Plan,
        *,
        boot_seconds: float,
        warm_boot_seconds: float = 0.0,
    ) -> None:
        self.boot_seconds, self.warm_boot_seconds = boot_seconds, warm_boot_seconds
        self._scarcity, self._api, self._plan = scarcity, Api(access), plan
        self._groups: Mapping[str, tuple[str, NodeGroupPlan]] = {
            group.physical_name: (pool, group)
            for pool, groups in plan.node_groups_by_pool.items()
            for group in groups
        }
        self._never: list[str] = []
        self._known: set[str] = set()
        self._booting: dict[str, Instance] = {}
        self._joined: set[str] = set()
        self._end = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self._running: Future[None] | None = None

    def __enter__(self) -> Self:
        self._running = self._thread.submit(self._run)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.shutdown()
        if self._running:
            self._running.result()

    @property
    def works(self) -> bool:
        """Whether it still follows instances: a failure ends it."""
        return self._running is not None and not self._running.done()

    def never_join(self, count: int, zone: str = "") -> None:
        """The next instances to be launched, in that zone or in any, never become nodes."""
        self._never += [zone] * count

    def _run(self) -> None:
        while not self._end.wait(_EVERY_SECONDS):
            for instance in self._scarcity.instances():
                if instance.state not in ("stopping", "stopped"):
                    self._follow(instance)

    def _follow(self, instance: Instance) -> None:
        name = instance.instance_id
        if name not in self._known:
            self._known.add(name)
            self._expect(instance)
        if instance.state == "terminated":
            self._booting.pop(name, None)
            if name in self._joined:
                self._joined.remove(name)
                leave(self._api, name)
        elif name in self._booting and time.time() >= self._joins_at(instance):
            self._api.create(self._node(self._booting.pop(name)))
            self._joined.add(name)

    def _joins_at(self, instance: Instance) -> float:
        if instance.waited:
            return instance.drawn_at + self.warm_boot_seconds
        return instance.launched_at + self.boot_seconds

    def _expect(self, instance: Instance) -> None:
        for zone in ("", instance.zone):
            if zone in self._never:
                self._never.remove(zone)
                return
        if instance.group in self._groups:
            self._booting[instance.instance_id] = instance

    def _node(self, instance: Instance) -> Object:
        pool, group = self._groups[instance.group]
        node = planned_node(self._plan, pool, group, instance.zone)
        # A name made of the group's would be too long for a label.
        node["metadata"]["name"] = instance.instance_id
        node["metadata"]["labels"]["kubernetes.io/hostname"] = instance.instance_id
        node["spec"]["providerID"] = f"aws:///{instance.zone}/{instance.instance_id}"
        return node
