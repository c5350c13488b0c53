"""Threads: bounded, and over when one fails."""

import itertools
import threading
import time
from collections.abc import Iterator

import pytest

from tokenfleet.weights.crew import Crew, Job, Stopped


def _failing() -> None:
    msg = "as expected"
    raise ValueError(msg)


def test_the_first_mistake_stops_work_that_is_half_done() -> None:
    crew = Crew(2)
    ended = threading.Event()
    advance = crew.heeding(lambda _: None)
    deadline = time.monotonic() + 5

    def endless() -> None:
        try:
            while time.monotonic() < deadline:
                advance(1)
                time.sleep(0.001)
        except Stopped:
            ended.set()
            raise

    with pytest.raises(ValueError, match="as expected"):
        crew.run(iter([endless, _failing]))
    assert ended.is_set()


def test_an_endless_supply_of_jobs_ends_with_the_first_mistake() -> None:
    with pytest.raises(ValueError, match="as expected"):
        Crew(2).run(itertools.chain([_failing], itertools.repeat(lambda: None)))


def test_jobs_are_taken_only_when_threads_are_free() -> None:
    taken = done = most = 0
    lock = threading.Lock()

    def job() -> None:
        nonlocal done
        time.sleep(0.001)
        with lock:
            done += 1

    def jobs() -> Iterator[Job]:
        nonlocal taken, most
        for _ in range(50):
            taken += 1
            most = max(most, taken - done)
            yield job

    Crew(2).run(jobs())
    assert done == 50
    assert most <= 5
