"""What there is: instances of AWS, nodes, pods and Deployments of Kubernetes, as one look sees them."""

import time
from collections.abc import Mapping, Sequence

from tokenfleet.capacity.controller.cluster import Deployment, Node, Pod
from tokenfleet.capacity.controller.groups import CloudError, Groups, Held, Instance, Stopped
from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.kubernetes import Kubernetes
from tokenfleet.capacity.controller.members import PoolState, pool_state
from tokenfleet.capacity.controller.settings import ON_DEMAND, PoolSettings, Settings
from tokenfleet.capacity.controller.warm_pool import NO_WARM_POOL, Draws, WarmPool

# A launched instance counts although DescribeAutoScalingGroups does not show it yet.
_UNSEEN_SECONDS = 30.0


class Sight:
    """What was seen, and what no other place remembers.

    That is: when instances were first seen, which are too new to be shown, and the ``deadlines``
    of those that have no node to be marked, in epoch seconds. ``blind``: AWS does not say what there is; what it said last stands.
    """

    def __init__(
        self, settings: Settings, groups: Groups, kubernetes: Kubernetes, journal: Journal
    ) -> None:
        self._settings, self._groups = settings, groups
        self._kubernetes, self._journal = kubernetes, journal
        self._first_seen: dict[str, float] = {}
        self._unseen: dict[str, tuple[Instance, float]] = {}
        self._instances: Sequence[Instance] | None = None
        self._draws = Draws()
        self._warm: Mapping[str, WarmPool] = {}
        self._nodes: Sequence[Node] = ()
        self._pods: Sequence[Pod] = ()
        self._deployments: Sequence[Deployment] = ()
        self.deadlines: dict[str, float] = {}
        self.blind = False

    @property
    def instances(self) -> Mapping[str, Instance]:
        """Those of all pools, by id."""
        return {instance.id: instance for instance in self._instances or ()}

    def look_at_aws(self) -> None:
        """Ask for the instances.

        Raises:
            CloudError: when AWS has never said.
        """
        now = time.time()
        names = [group for pool in self._settings.pools.values() for group in pool.groups.values()]
        try:
            held = self._groups.held(names)
        except CloudError as error:
            if self._instances is None:
                raise
            self._journal.failed(error.call, error.code, str(error), every=5)
            self.blind = True
            return
        self.blind = False
        found = held.instances
        shown = {instance.id for instance in found}
        self._unseen = {
            key: (instance, until)
            for key, (instance, until) in self._unseen.items()
            if key not in shown and until > now
        }
        self._instances = [*found, *(instance for instance, _ in self._unseen.values())]
        there = {instance.id for instance in self._instances}
        for known in (self._first_seen, self.deadlines):
            for gone in known.keys() - there:
                del known[gone]
        for name in there:
            self._first_seen.setdefault(name, now)
        held = Held(instances=self._instances, desired=held.desired)
        self._warm = {
            pool.name: self._warm_pool(pool, held, now) for pool in self._settings.pools.values()
        }

    def _warm_pool(self, pool: PoolSettings, held: Held, now: float) -> WarmPool:
        """What waits beside a pool's on-demand group; nothing where AWS does not say it."""
        if pool.warm is None:
            return NO_WARM_POOL
        group = pool.groups[ON_DEMAND]
        try:
            stopped = self._groups.stopped(group)
        except CloudError as error:
            self._journal.failed(error.call, error.code, str(error), every=60)
            stopped = Stopped()
        return self._draws.seen(group, held, stopped, now=now, patience=pool.warm.draw_seconds)

    def look_at_kubernetes(self) -> None:
        """Ask for nodes, pods and Deployments.

        Raises:
            Refused: when the API server says no.
            OSError: when it does not answer.
        """
        self._nodes = self._kubernetes.nodes()
        self._pods = self._kubernetes.pods()
        self._deployments = self._kubernetes.deployments()

    def launched(self, instance: Instance) -> None:
        """Count it from now on."""
        self._unseen[instance.id] = (instance, time.time() + _UNSEEN_SECONDS)

    def undrawn(self, group: str, seconds: float) -> None:
        """Draw nothing from beside that group for so long."""
        self._draws.rest(group, time.time() + seconds)

    def ended(self, instance: Instance) -> None:
        """It need not be shown any more."""
        self._unseen.pop(instance.id, None)

    def pool(self, pool: PoolSettings) -> PoolState:
        """One pool, put together."""
        return pool_state(
            pool,
            now=time.time(),
            instances=self._instances or (),
            nodes=self._nodes,
            pods=self._pods,
            deployments=self._deployments,
            first_seen=self._first_seen,
            deadlines=self.deadlines,
            warm=self._warm.get(pool.name, NO_WARM_POOL),
        )
