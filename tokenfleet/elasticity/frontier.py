"""What more care costs: the rule at other targets and spares, and starts that take longer."""

import dataclasses
import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from tokenfleet.elasticity.load import Load
from tokenfleet.elasticity.outcome import Outcome
from tokenfleet.elasticity.play import play
from tokenfleet.elasticity.rules import in_flight
from tokenfleet.elasticity.scene import Scene

TARGETS = (1.0, 0.9, 0.8, 0.7)
SPARES = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A rule and a start, and what becomes of the load.

    ``dominated``: another rule at that start sheds no more and takes no more hours. ``planned``: it is
    the rule that was asked about.
    """

    start_seconds: float
    target: float
    spare: int
    outcome: Outcome
    dominated: bool
    planned: bool


def choices(asked: Scene) -> int:
    """How many there are to play."""
    return len(_grid(asked))


def frontier(asked: Scene, load: Load, advance: Callable[[], None]) -> Sequence[Variant]:
    """Every choice, by start and then by replica-hours; played on all processors."""
    workers = min(os.cpu_count() or 1, choices(asked))
    with ProcessPoolExecutor(workers, initializer=_given, initargs=(asked, load)) as pool:
        tasks = {pool.submit(_played, *each): each for each in _grid(asked)}
        for _ in as_completed(tasks):
            advance()
        played = {each: task.result() for task, each in tasks.items()}
    found = [
        Variant(
            start_seconds=start,
            target=target,
            spare=spare,
            outcome=outcome,
            dominated=any(
                _beats(other, outcome) for (same, *_), other in played.items() if same == start
            ),
            planned=(target, spare) == (asked.policy.target, asked.policy.spare),
        )
        for (start, target, spare), outcome in played.items()
    ]
    return sorted(found, key=lambda each: (each.start_seconds, each.outcome.replica_hours))


def _grid(asked: Scene) -> Sequence[tuple[float, float, int]]:
    targets = sorted({*TARGETS, asked.policy.target}, reverse=True)
    spares = sorted({*SPARES, asked.policy.spare})
    return list(itertools.product(sorted(set(asked.starts)), targets, spares))


def _beats(one: Outcome, other: Outcome) -> bool:
    sheds, hours = one.shed <= other.shed, one.replica_hours <= other.replica_hours
    return sheds and hours and (one.shed, one.replica_hours) != (other.shed, other.replica_hours)


# What a worker process is given once, and not with every task: millions of requests.
_worker: list[tuple[Scene, Load]] = []


def _given(asked: Scene, load: Load) -> None:
    _worker[:] = [(asked, load)]


def _played(start: float, target: float, spare: int) -> Outcome:
    ((asked, load),) = _worker
    policy = dataclasses.replace(asked.policy, target=target, spare=spare)
    replica = dataclasses.replace(asked.replica, start_seconds=start)
    outcome = play(load, in_flight(policy, replica), replica)
    return dataclasses.replace(outcome, course=())
