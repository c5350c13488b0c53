"""The ConfigMap that one controller leaves to the next, and shows to people."""

from collections.abc import Mapping

from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.kubernetes import Kubernetes, Refused

_LONGEST_SECONDS = 30.0


class Keeping:
    """Reads and writes it; the work goes on where that fails."""

    def __init__(self, kubernetes: Kubernetes, journal: Journal, namespace: str, name: str) -> None:
        self._kubernetes, self._journal = kubernetes, journal
        self._namespace, self._name = namespace, name
        self._memory: Mapping[str, str] = {}
        self._at = 0.0

    def read(self) -> Mapping[str, str]:
        """What is there."""
        try:
            return self._kubernetes.config_map(self._namespace, self._name)
        except (Refused, OSError) as error:
            self._journal.failed("read state", type(error).__name__, str(error))
            return {}

    def write(self, memory: Mapping[str, str], status: Mapping[str, str], now: float) -> None:
        """Both by pool, when memory has changed, or it was long ago."""
        if memory == self._memory and now - self._at < _LONGEST_SECONDS:
            return
        data = {
            **{f"{pool}.memory": text for pool, text in memory.items()},
            **{f"{pool}.status": text for pool, text in status.items()},
        }
        try:
            self._kubernetes.write_config_map(self._namespace, self._name, data)
        except (Refused, OSError) as error:
            self._journal.failed("write state", type(error).__name__, str(error))
        else:
            self._memory, self._at = memory, now
