"""From notices and moves to single pods: make before break, so that no one is missed.

A replica under notice serves on until its replacement does, at the latest until its drain still
fits before the deadline. Both it and one that returns to spot are replaced the same way: the
Deployment asks for one more, the one to go is marked as the cheapest to delete, and once the new
one is ready the Deployment asks for one less.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tokenfleet.capacity.controller.cluster import Deployment, Pod, Surge
from tokenfleet.capacity.controller.members import PoolState
from tokenfleet.capacity.controller.settings import ON_DEMAND, ModelSettings

# A ReplicaSet deletes pods of lower cost first, among those that are equally ready (Kubernetes
# documentation, "ReplicaSet", pod deletion cost).
_COST_DOOMED, _COST_ON_DEMAND, _COST = -200, -100, 0
# Of the notice, when to begin asking for an eviction that a disruption budget may refuse.
_ASKING_SHARE = 0.05
_PATIENCE = 1.5
FAILED = ("not ready in time", "found no room on spot")
"""Why a return was given up that would not go better at once."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Set a Deployment's replicas and, in the same patch, the surge among them; ``why`` to log."""

    deployment: Deployment
    replicas: int
    surge: Surge
    why: str


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What deleting a pod costs, beside others of its Deployment."""

    pod: Pod
    cost: int


@dataclass(frozen=True, kw_only=True)
class Evict:
    """A pod that has to go; by ``force`` where a disruption budget must not keep it.

    ``grace_seconds`` is what is left to it.
    """

    pod: Pod
    force: bool
    grace_seconds: float
    why: str


Step = Scale | Cost | Evict


@dataclass(frozen=True, kw_only=True)
class Replicas:
    """Of one model: ``missing`` of those wanted do not serve; ``wake`` in epoch seconds."""

    steps: Sequence[Step]
    missing: int
    wake: float | None


def replicas(state: PoolState, model: str, *, may_return: bool, notice_seconds: float) -> Replicas:
    """What is to be done for a model's replicas now; repeating it changes nothing."""
    seen = _Seen(state, model)
    surge, why = _surge(seen, may_return=may_return)
    steps: list[Step] = [*_costs(seen)]
    total = seen.deployment.wanted + surge.replicas
    stale = seen.deployment.marked and not surge.replicas
    if total != seen.deployment.replicas or surge != seen.deployment.surge or stale:
        steps.append(Scale(deployment=seen.deployment, replicas=total, surge=surge, why=why))
    steps += _evictions(seen, notice_seconds)
    return Replicas(
        steps=steps,
        missing=max(0, seen.deployment.wanted - len(seen.healthy) - len(seen.doomed)),
        wake=_wake(seen, notice_seconds),
    )


class _Seen:
    """The pods of a model, sorted by what is to become of them."""

    def __init__(self, state: PoolState, model: str) -> None:
        self.now = state.now
        self.deployment = state.deployments[model]
        self.settings: ModelSettings = state.settings.models[model]
        self.on_demand = state.on_demand_pods(model)
        members = state.member_by_node
        self.pods = [pod for pod in state.pods[model] if not pod.ending]
        self.deadlines = {
            pod.name: member.deadline
            for pod in self.pods
            if (member := members.get(pod.node)) and member.deadline is not None
        }
        self.tiers = {p.name: m.tier for p in self.pods if (m := members.get(p.node))}
        self.doomed = [pod for pod in self.pods if pod.ready and pod.name in self.deadlines]
        self.healthy = [
            pod
            for pod in self.pods
            if pod.ready and pod.node in members and pod.name not in self.deadlines
        ]


def _surge(seen: _Seen, *, may_return: bool) -> tuple[Surge, str]:
    """How many more than wanted, and why that changes."""
    deployment, wanted, healthy = seen.deployment, seen.deployment.wanted, len(seen.healthy)
    missing, asked = max(0, wanted - healthy), deployment.surge.replicas
    asked -= bool(deployment.surge.returning)
    # All or none: a ReplicaSet that shrinks ends what is not ready first, which are replacements.
    replacing = min(len(seen.doomed), max(missing, asked)) if missing else 0
    since, why = deployment.surge.returning, "replaced"
    if since:
        if any(pod.created >= int(since) for pod in seen.on_demand):
            since, why = 0.0, "found no room on spot"
        elif healthy > wanted:
            since, why = 0.0, "returned"
        elif replacing or not seen.on_demand or deployment.paused:
            since, why = 0.0, "given up"
        elif seen.now - since > _PATIENCE * seen.settings.start_seconds:
            since, why = 0.0, "not ready in time"
    elif (
        may_return
        and seen.on_demand
        and not (deployment.surge.replicas or deployment.paused)
        and healthy == wanted
    ):
        since, why = seen.now, "returns"
    if replacing > asked:
        why = "under notice"
    count = replacing + bool(since)
    total = wanted + count if count else 0
    return Surge(replicas=count, total=total, returning=since), why


def _costs(seen: _Seen) -> Iterator[Cost]:
    for pod in seen.pods:
        cost = _COST
        if pod.name in seen.deadlines:
            cost = _COST_DOOMED
        elif seen.tiers.get(pod.name) == ON_DEMAND:
            cost = _COST_ON_DEMAND
        if pod.cost != cost:
            yield Cost(pod=pod, cost=cost)


def _evictions(seen: _Seen, notice_seconds: float) -> Iterator[Evict]:
    for pod in seen.pods:
        deadline = seen.deadlines.get(pod.name)
        if deadline is None:
            continue
        latest = deadline - seen.settings.grace_seconds
        left = max(1.0, min(seen.settings.grace_seconds, deadline - seen.now))
        if not pod.ready:
            # It would not get ready before it had to go.
            yield Evict(pod=pod, force=False, grace_seconds=left, why="never ready")
        elif seen.now >= latest - _ASKING_SHARE * notice_seconds:
            force = seen.now >= latest
            yield Evict(pod=pod, force=force, grace_seconds=left, why="deadline")


def _wake(seen: _Seen, notice_seconds: float) -> float | None:
    """When time alone brings about the next step."""
    moments = [
        moment
        for deadline in seen.deadlines.values()
        for latest in (deadline - seen.settings.grace_seconds,)
        for moment in (latest - _ASKING_SHARE * notice_seconds, latest)
        if moment > seen.now
    ]
    return min(moments, default=None)
