"""A pool's machines: what AWS says of an instance and what Kubernetes says of its node, together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.capacity.controller.cluster import Deployment, Node, Pod
from tokenfleet.capacity.controller.groups import Instance
from tokenfleet.capacity.controller.settings import ON_DEMAND, RESERVED, SPOT, PoolSettings
from tokenfleet.capacity.controller.warm_pool import NO_WARM_POOL, WarmPool
from tokenfleet.capacity.policy.observation import (
    ModelSeen,
    Observation,
    OnDemandSeen,
    ZoneSeen,
)

# A recommendation that nothing followed.
_REBALANCE_SECONDS = 3600.0


@dataclass(frozen=True, kw_only=True)
class Member:
    """An instance, its node once it has joined, and the pods on it that have not ended.

    ``deadline``: when it will be reclaimed, in epoch seconds. ``late``: long after its launch no
    pod can run on it, and none does.
    """

    instance: Instance
    tier: str
    node: Node | None
    pods: Sequence[Pod]
    deadline: float | None
    late: bool

    @property
    def doomed(self) -> bool:
        """Whether it is under notice."""
        return self.deadline is not None

    @property
    def kept(self) -> bool:
        """Whether it counts: not under notice, not about to be ended, not a person's to drain.

        One that a pod has reached before the taint that was to keep pods off is not ended.
        """
        leaving = self.node is not None and self.node.leaving and self.empty
        cordoned = self.node is not None and self.node.cordoned
        return not (self.doomed or leaving or cordoned or self.late)

    @property
    def ready(self) -> bool:
        """Whether replicas can run on it, and will go on to."""
        return self.kept and self.node is not None and self.node.ready

    @property
    def empty(self) -> bool:
        """Whether nothing runs on it."""
        return not self.pods


@dataclass(frozen=True, kw_only=True)
class PoolState:
    """A pool as it is seen at ``now``, in epoch seconds."""

    settings: PoolSettings
    now: float
    members: Sequence[Member]
    deployments: Mapping[str, Deployment]
    pods: Mapping[str, Sequence[Pod]]
    """The replicas of each model that have not ended."""
    unplaced: int
    """Pods of models that wait for a node; some may compile."""
    warm: WarmPool

    @property
    def member_by_node(self) -> Mapping[str, Member]:
        """By the name of the node."""
        return {m.node.name: m for m in self.members if m.node is not None}

    def of_tier(self, tier: str) -> Sequence[Member]:
        """The machines of one purchase option."""
        return [member for member in self.members if member.tier == tier]

    @property
    def wanted(self) -> int:
        """Nodes that spot and on-demand are to bring: one a replica, less what is reserved."""
        replicas = sum(deployment.wanted for deployment in self.deployments.values())
        reserved = sum(member.kept for member in self.of_tier(RESERVED))
        return max(0, replicas - reserved)

    def observation(
        self,
        *,
        refused: Mapping[str, int],
        reclaimed: Mapping[str, int],
        on_demand_refused: int,
    ) -> Observation:
        """For the policy; what has happened since the observation before is given."""
        on_demand = self.of_tier(ON_DEMAND)
        ready = sum(member.ready for member in on_demand)
        return Observation(
            now=self.now,
            wanted=self.wanted,
            zones={
                zone: self._zone(zone, refused.get(zone, 0), reclaimed.get(zone, 0))
                for zone in (self.settings.zones if SPOT in self.settings.groups else ())
            },
            on_demand=OnDemandSeen(
                ready=ready,
                booting=sum(member.kept for member in on_demand) - ready + self.warm.coming,
                refused=on_demand_refused,
                warm=self.warm.drawable,
            ),
            models={
                name: ModelSeen(
                    wanted=max(0, deployment.wanted - len(self._pods_on(RESERVED, name))),
                    on_demand=len(self.on_demand_pods(name)),
                    busy=deployment.busy,
                )
                for name, deployment in self.deployments.items()
            },
        )

    def _zone(self, zone: str, refused: int, reclaimed: int) -> ZoneSeen:
        members = [m for m in self.of_tier(SPOT) if m.instance.zone == zone]
        ready = sum(member.ready for member in members)
        return ZoneSeen(
            ready=ready,
            booting=sum(member.kept for member in members) - ready,
            doomed=sum(member.doomed for member in members),
            refused=refused,
            reclaimed=reclaimed,
            warned=any(m.kept and self._warned(m) for m in members),
        )

    def _warned(self, member: Member) -> bool:
        since = member.node and member.node.rebalance
        return since is not None and self.now - since < _REBALANCE_SECONDS

    @property
    def moves_to_reserved(self) -> Sequence[str]:
        """The model that may return where a reserved node idles while on-demand serves, if any."""
        if not any(member.ready and member.empty for member in self.of_tier(RESERVED)):
            return ()
        models = sorted(
            name
            for name, deployment in self.deployments.items()
            if self.on_demand_pods(name) and not deployment.busy
        )
        return models[:1]

    def on_demand_pods(self, model: str) -> Sequence[Pod]:
        """Replicas of a model that serve on demand and could return."""
        return self._pods_on(ON_DEMAND, model)

    def _pods_on(self, tier: str, model: str) -> Sequence[Pod]:
        members = self.member_by_node
        return [
            pod
            for pod in self.pods[model]
            if not pod.ending
            and (member := members.get(pod.node))
            and member.tier == tier
            and not member.doomed
        ]


def pool_state(
    settings: PoolSettings,
    *,
    now: float,
    instances: Sequence[Instance],
    nodes: Sequence[Node],
    pods: Sequence[Pod],
    deployments: Sequence[Deployment],
    first_seen: Mapping[str, float],
    deadlines: Mapping[str, float],
    warm: WarmPool = NO_WARM_POOL,
) -> PoolState:
    """Put together what is known of one pool.

    ``first_seen`` and ``deadlines`` by instance: of those without a node nobody else remembers.
    """
    tiers = {group: tier for tier, group in settings.groups.items()}
    node_by_instance = {node.instance: node for node in nodes if node.instance}
    running = [pod for pod in pods if not pod.done]
    by_node: dict[str, list[Pod]] = {}
    for pod in running:
        by_node.setdefault(pod.node, []).append(pod)
    members: list[Member] = []
    for instance in instances:
        if instance.group not in tiers:
            continue
        node = node_by_instance.get(instance.id)
        waited = now - first_seen.get(instance.id, now)
        there = by_node.get(node.name, ()) if node else ()
        deadline = node.deadline if node and node.deadline else deadlines.get(instance.id)
        members.append(
            Member(
                instance=instance,
                tier=tiers[instance.group],
                node=node,
                pods=there,
                deadline=deadline,
                late=not (node and node.ready)
                and all(pod.ending for pod in there)
                and waited > settings.provision_seconds,
            )
        )
    models = {d.model: d for d in deployments if d.model in settings.models}
    return PoolState(
        settings=settings,
        now=now,
        members=sorted(members, key=lambda member: member.instance.id),
        deployments=models,
        # One that compiles is ready as soon as it runs, and replaces nobody.
        pods={n: [pod for pod in running if pod.model == n and not pod.job] for n in models},
        unplaced=sum(pod.model in models and not (pod.node or pod.ending) for pod in running),
        warm=warm,
    )
