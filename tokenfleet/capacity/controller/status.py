"""What ``tokenfleet capacity status`` shows of a pool, as the controller last saw it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.capacity.controller.members import Member, PoolState
from tokenfleet.capacity.policy.memory import Memory


@dataclass(frozen=True, kw_only=True)
class NodeStatus:
    """``deadline`` of a notice in epoch seconds; ``replicas`` are the models that run on it."""

    instance: str
    type: str
    tier: str
    zone: str
    state: str
    replicas: Sequence[str]
    deadline: float | None


@dataclass(frozen=True, kw_only=True)
class ModelStatus:
    """Replicas: wanted, of those ready on demand, and asked for beyond what is wanted."""

    model: str
    wanted: int
    ready: int
    on_demand: int
    surge: int
    paused: bool
    rolling: bool


@dataclass(frozen=True, kw_only=True)
class ZoneStatus:
    """What the policy thinks of a zone; moments in epoch seconds."""

    zone: str
    held_since: float | None
    losses_per_hour: float
    rests_until: float | None


@dataclass(frozen=True, kw_only=True)
class WarmStatus:
    """Nodes that are to wait stopped: ``stopped``, on the way there, and drawn but not seen yet."""

    wanted: int
    stopped: int
    warming: int
    coming: int


@dataclass(frozen=True, kw_only=True)
class PoolStatus:
    """At a moment, in epoch seconds; ``wanted`` nodes are to be spot or on demand.

    ``warm``: where nodes are to wait stopped.
    """

    pool: str
    at: float
    wanted: int
    dry_run: bool
    on_demand_refused_until: float | None
    nodes: Sequence[NodeStatus]
    models: Sequence[ModelStatus]
    zones: Sequence[ZoneStatus]
    warm: WarmStatus | None = None


def pool_status(state: PoolState, memory: Memory) -> PoolStatus:
    """A pool after a look."""
    now = state.now
    return PoolStatus(
        pool=state.settings.name,
        at=now,
        wanted=state.wanted,
        dry_run=state.settings.dry_run,
        on_demand_refused_until=_if_later(memory.on_demand_dry_until, now),
        nodes=[
            NodeStatus(
                instance=member.instance.id,
                type=member.instance.type,
                tier=member.tier,
                zone=member.instance.zone,
                state=_state(member),
                replicas=[pod.model for pod in member.pods if pod.model],
                deadline=member.deadline,
            )
            for member in state.members
        ],
        models=[
            ModelStatus(
                model=name,
                wanted=deployment.wanted,
                ready=sum(pod.ready and not pod.ending for pod in state.pods[name]),
                on_demand=len(state.on_demand_pods(name)),
                surge=deployment.surge.replicas,
                paused=deployment.paused,
                rolling=deployment.rolling,
            )
            for name, deployment in sorted(state.deployments.items())
        ],
        zones=[
            ZoneStatus(
                zone=name,
                held_since=zone.held_since,
                losses_per_hour=zone.losses_per_hour(now),
                rests_until=_if_later(zone.rest_until, now),
            )
            for name, zone in sorted(memory.zones.items())
        ],
        warm=_warm(state),
    )


def _warm(state: PoolState) -> WarmStatus | None:
    if state.settings.warm is None:
        return None
    pool = state.warm
    return WarmStatus(
        wanted=state.settings.warm.nodes,
        stopped=pool.stopped,
        warming=pool.warming,
        coming=pool.coming,
    )


def _if_later(moment: float, now: float) -> float | None:
    return moment if moment > now else None


def _state(member: Member) -> str:
    if member.doomed:
        return "under notice"
    if member.late:
        return "never joined"
    if not member.kept:
        return "leaving"
    return "ready" if member.ready else "booting"
