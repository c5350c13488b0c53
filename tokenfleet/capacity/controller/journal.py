"""What happened: a line of JSON each, counted, and where people look a Kubernetes event."""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

from tokenfleet.capacity.controller.cluster import MANAGER, Deployment, Node
from tokenfleet.capacity.controller.metrics import Metrics

Event = dict[str, Any]
_MOST_REMEMBERED = 1000


class Journal:
    """Writes lines to ``out``; ``emit`` publishes an event and may fail."""

    def __init__(
        self, namespace: str, metrics: Metrics, emit: Callable[[Event], None], out: TextIO
    ) -> None:
        self.metrics = metrics
        self._namespace, self._emit, self._out = namespace, emit, out
        self._said: dict[str, float] = {}

    def say(self, did: str, **what: object) -> None:
        """One line."""
        line = {"at": round(time.time(), 3), "did": did, **what}
        self._out.write(json.dumps(line, default=str) + "\n")
        self._out.flush()

    def say_seldom(self, did: str, every: float, **what: object) -> None:
        """The same line at most once in so many seconds."""
        self._once(f"{did} {sorted(what.items(), key=str)}", every, did, **what)

    def failed(self, call: str, code: str, message: str, every: float = 30) -> None:
        """A call that failed."""
        self.metrics.add("api_errors_total", call=call, code=code)
        # Messages name requests: each is another.
        key = f"error {call} {code}"
        self._once(key, every, "error", call=call, code=code, message=message[:300])

    def _once(self, key: str, every: float, did: str, **what: object) -> None:
        now = time.monotonic()
        if now - self._said.get(key, -every) < every:
            return
        if len(self._said) >= _MOST_REMEMBERED:
            self._said.clear()
        self._said[key] = now
        self.say(did, **what)

    def about(
        self, subject: Node | Deployment, reason: str, message: str, *, warning: bool = False
    ) -> None:
        """An event that ``kubectl describe`` shows; the work goes on where it cannot be written."""
        now = datetime.now(UTC)
        is_node = isinstance(subject, Node)
        event: Event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{subject.name}.{int(now.timestamp() * 1e6):x}",
                "namespace": self._namespace,
            },
            "involvedObject": {
                "apiVersion": "v1" if is_node else "apps/v1",
                "kind": "Node" if is_node else "Deployment",
                "name": subject.name,
                "namespace": self._namespace,
                "uid": subject.uid,
            },
            "reason": reason,
            "message": message,
            "type": "Warning" if warning else "Normal",
            "source": {"component": MANAGER},
            "firstTimestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lastTimestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "count": 1,
        }
        try:
            self._emit(event)
        except Exception as error:  # noqa: BLE001 - nothing may depend on it
            self.failed("create event", type(error).__name__, str(error))


def to_stdout(namespace: str, metrics: Metrics, emit: Callable[[Event], None]) -> Journal:
    """The pod's log."""
    return Journal(namespace, metrics, emit, sys.stdout)
