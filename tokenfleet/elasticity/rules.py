"""Rules for the number of replicas: the plan's, and what others would do."""

from collections.abc import Callable
from dataclasses import dataclass

from tokenfleet.elasticity.autoscaler import Asked
from tokenfleet.plan.scaling.policy import ScalingPolicy

USUAL_RATE_TARGET = 0.7
_CPU_TARGET = 0.7
# An engine's CPU is busy long before its slots are: it saturates at this share of them.
_CPU_FULL = 0.25
_RATE_DOWN_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What metrics say, averaged over the last minute; ``replicas`` is the number asked for now."""

    replicas: int
    running: float
    waiting: float
    arrived_per_second: float
    refused_per_second: float


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule by its name: what it asks of what is seen, and for how long it keeps what was asked."""

    name: str
    asks: Callable[[Seen], Asked]
    down_window_seconds: int
    least: int
    most: int


def in_flight(policy: ScalingPolicy, answer_seconds: float) -> Rule:
    """The plan's rule: requests that run, wait, or would if they had not been refused."""

    def asks(seen: Seen) -> Asked:
        load = policy.load(seen.running + seen.waiting, seen.refused_per_second, answer_seconds)
        return Asked(metric=policy.asked(load), each=policy.each)

    return Rule(
        name="in flight",
        asks=asks,
        down_window_seconds=policy.down_window_seconds,
        least=policy.least,
        most=policy.most,
    )


def request_rate(
    policy: ScalingPolicy, answer_seconds: float, target: float = USUAL_RATE_TARGET
) -> Rule:
    """Requests a second, each taken to last as long as the mean that was known."""
    each = target * policy.slots / answer_seconds
    return Rule(
        name=f"request rate, {target:.0%}",
        asks=lambda seen: Asked(metric=seen.arrived_per_second, each=each),
        down_window_seconds=_RATE_DOWN_SECONDS,
        least=policy.least,
        most=policy.most,
    )


def cpu(policy: ScalingPolicy) -> Rule:
    """CPU at 70 %, stylised: as busy with a quarter of its slots as with all."""
    full = _CPU_FULL * policy.slots

    def asks(seen: Seen) -> Asked:
        # Resource metrics are means over replicas; as a sum they scale alike.
        return Asked(metric=min(seen.running / full, seen.replicas), each=_CPU_TARGET)

    return Rule(
        name=f"CPU, {_CPU_TARGET:.0%}",
        asks=asks,
        down_window_seconds=_RATE_DOWN_SECONDS,
        least=policy.least,
        most=policy.most,
    )


def fixed(replicas: int) -> Rule:
    """Always as many."""
    return Rule(
        name=f"fixed, {replicas}",
        asks=lambda seen: Asked(metric=seen.replicas, each=1.0),
        down_window_seconds=0,
        least=replicas,
        most=replicas,
    )
