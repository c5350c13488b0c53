"""Threads that handle many files: a bounded queue, the first mistake ends all."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from tokenfleet.weights.watch import Advance

Job = Callable[[], None]


class Stopped(BaseException):
    """Ends a job half-way because another failed, or Ctrl-C was pressed.

    No Exception: a client that tries again after any exception must not try this one again.
    """


class Crew:
    """Runs jobs in ``workers`` threads."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._stopping = threading.Event()

    def run(self, jobs: Iterable[Job]) -> None:
        """Run every job; the first exception stops the others and is raised.

        Jobs are taken one by one as threads become free, so an endless supply costs no memory.
        """
        with ThreadPoolExecutor(self._workers) as pool:
            pending: set[Future[None]] = set()
            try:
                for job in jobs:
                    pending.add(pool.submit(job))
                    if len(pending) >= 2 * self._workers:
                        pending = _some_done(pending)
                while pending:
                    pending = _some_done(pending)
            except BaseException:
                self._stopping.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def heeding(self, advance: Advance) -> Advance:
        """``advance`` that ends the job calling it once the crew is stopping."""

        def advance_or_stop(handled_bytes: int) -> None:
            if self._stopping.is_set():
                raise Stopped
            advance(handled_bytes)

        return advance_or_stop


def _some_done(pending: set[Future[None]]) -> set[Future[None]]:
    done, left = wait(pending, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    return left
