"""``python -m tokenfleet.capacity.controller /config/settings.json``."""

import os
import signal
import sys
from pathlib import Path

from tokenfleet.capacity.controller.controller import Controller
from tokenfleet.capacity.controller.groups import Groups
from tokenfleet.capacity.controller.inbox import Inbox
from tokenfleet.capacity.controller.journal import to_stdout
from tokenfleet.capacity.controller.kubernetes import Kubernetes
from tokenfleet.capacity.controller.metrics import Metrics, Pulse, serve
from tokenfleet.capacity.controller.settings import SettingsError, read_settings

_PATIENCE_SECONDS = 300.0


class _Ended(BaseException):
    """Kubernetes asks the pod to end; nothing that catches errors may keep it."""


def main(path: str) -> None:
    """Run until SIGTERM; at any moment it may as well be killed."""
    try:
        settings = read_settings(Path(path).read_text(encoding="utf-8"))
    except (OSError, SettingsError) as error:
        sys.exit(f"{path}: {error}")
    queue = os.environ.get("QUEUE_URL") or sys.exit("QUEUE_URL is not set")
    metrics, pulse = Metrics(), Pulse(_PATIENCE_SECONDS)
    kubernetes = Kubernetes(settings.namespace)
    journal = to_stdout(settings.namespace, metrics, kubernetes.emit)
    controller = Controller(
        settings,
        kubernetes=kubernetes,
        groups=Groups(settings.region),
        inbox=Inbox(queue, settings.region),
        journal=journal,
    )
    serve(metrics, settings.metrics_port, pulse.alive)
    signal.signal(signal.SIGTERM, _end)
    try:
        controller.start()
        while True:
            controller.turn()
            # Whatever AWS says: to be started anew would heal nothing there, and forget deadlines.
            pulse.beat()
    except _Ended:
        journal.say("ended")


def _end(_signal: int, _frame: object) -> None:
    raise _Ended


if __name__ == "__main__":
    main(*sys.argv[1:])
