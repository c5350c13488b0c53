"""Things that happen by themselves after a while."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Later:
    """Does what is due, one thing after another, while it holds the lock it was given.

    What follows from something counts from when that was due, not from when a busy machine came to
    it: so things happen in the order of their times, however late.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._changed = threading.Condition(lock)
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        # What is due at the same moment happens in the order it was asked for.
        self._number = itertools.count()
        self._doing: float | None = None
        """When that was due which is being done."""
        threading.Thread(target=self._run, daemon=True).start()

    def after(self, seconds: float, what: Callable[[], object]) -> None:
        """Do ``what`` in so many seconds."""
        with self._changed:
            since = time.monotonic() if self._doing is None else self._doing
            heapq.heappush(self._due, (since + seconds, next(self._number), what))
            self._changed.notify()

    def forget(self) -> None:
        """Do nothing of what was asked for."""
        with self._changed:
            self._due.clear()

    def _run(self) -> None:
        with self._changed:
            while True:
                if not self._due:
                    self._changed.wait()
                elif (seconds := self._due[0][0] - time.monotonic()) > 0:
                    self._changed.wait(seconds)
                else:
                    self._doing, _, what = heapq.heappop(self._due)
                    what()
                    self._doing = None
