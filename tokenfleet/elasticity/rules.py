"""Rules for the number of replicas: the plan's, and what others would do."""

from collections.abc import Callable
from dataclasses import dataclass

from tokenfleet.elasticity.autoscaler import Asked, Bounds
from tokenfleet.elasticity.replica import Replica
from tokenfleet.plan.scaling.policy import ScalingPolicy

USUAL_RATE_TARGET = 0.7
_CPU_TARGET = 0.7
# An engine's CPU is busy long before its slots are: it saturates at this share of them.
_CPU_FULL = 0.25
_OTHERS_AVERAGE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What metrics say, as means over the last while; ``replicas`` is the number asked for now."""

    replicas: int
    running: float
    waiting: float
    arrived_per_second: float
    refused_per_second: float


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule by its name: what it asks of means over ``average_seconds``, and within which bounds."""

    name: str
    asks: Callable[[Seen], Asked]
    average_seconds: int
    bounds: Bounds


def in_flight(policy: ScalingPolicy, replica: Replica) -> Rule:
    """The plan's rule: requests that run, wait, or would if they had not been refused."""

    def asks(seen: Seen) -> Asked:
        held = seen.running + seen.waiting
        load = policy.load(held, seen.refused_per_second, replica.answer_seconds)
        return Asked(metric=policy.asked(load), each=policy.each)

    return Rule(
        name="in flight",
        asks=asks,
        average_seconds=policy.average_seconds,
        bounds=Bounds(
            least=policy.least,
            most=policy.most,
            down_window_seconds=policy.down_window_seconds,
            down_percent=policy.down_percent,
            idle_seconds=policy.idle_seconds,
        ),
    )


def request_rate(
    policy: ScalingPolicy, replica: Replica, target: float = USUAL_RATE_TARGET
) -> Rule:
    """Requests a second, each taken to last as long as the mean that was known."""
    running = target * replica.slots
    each = running / replica.seconds_at(running)
    return _other(
        policy,
        f"request rate, {target:.0%}",
        lambda seen: Asked(metric=seen.arrived_per_second, each=each),
    )


def cpu(policy: ScalingPolicy, replica: Replica) -> Rule:
    """CPU at 70 %, stylised: as busy with a quarter of its slots as with all."""
    full = _CPU_FULL * replica.slots
    return _other(
        policy,
        f"CPU, {_CPU_TARGET:.0%}",
        # A resource's metric is a mean over replicas; as a sum it scales alike.
        lambda seen: Asked(metric=min(seen.running / full, seen.replicas), each=_CPU_TARGET),
    )


def fixed(replicas: int) -> Rule:
    """Always as many."""
    return Rule(
        name=f"fixed, {replicas}",
        asks=lambda seen: Asked(metric=seen.replicas, each=1.0),
        average_seconds=_OTHERS_AVERAGE_SECONDS,
        bounds=Bounds(least=replicas, most=replicas, down_window_seconds=0),
    )


def _other(policy: ScalingPolicy, name: str, asks: Callable[[Seen], Asked]) -> Rule:
    """Another signal, which the autoscaler follows as fast."""
    return Rule(
        name=name,
        asks=asks,
        average_seconds=_OTHERS_AVERAGE_SECONDS,
        bounds=Bounds(
            least=max(1, policy.least),
            most=policy.most,
            down_window_seconds=policy.down_window_seconds,
            down_percent=policy.down_percent,
        ),
    )
