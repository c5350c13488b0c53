"""Loads and replicas that many tests play."""

from collections.abc import Sequence

from tokenfleet.elasticity.load import Load
from tokenfleet.elasticity.replica import Replica


def replica(
    *,
    slots: int = 4,
    queue: int = 1,
    seconds: float = 10.0,
    start: float = 60.0,
    slack: float = 2.0,
) -> Replica:
    """One that is as fast whatever runs on it."""
    return Replica(seconds=[seconds] * slots, queue=queue, slack_seconds=slack, start_seconds=start)


def steady(per_second: int, seconds: int, answer: float = 10.0) -> Load:
    """So many requests in the middle of each second, all alike."""
    moments: Sequence[float] = [n + 0.5 for n in range(seconds) for _ in range(per_second)]
    return Load(seconds=seconds, moments=moments, answers=[answer] * len(moments))
