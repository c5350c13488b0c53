"""The Prometheus that the cluster would run, on loopback; it can be killed and started again."""

import subprocess
from pathlib import Path

import requests

from tests.cluster.api import eventually
from tests.cluster.scaling.faster import write_config
from tests.cluster.tools import binary
from tests.guarded import ended, free_port, started
from tokenfleet.plan.scaling.followed import Followed


class Prometheus:
    """Asks an exporter for what replicas would say; ``url`` stays the same over a kill."""

    def __init__(self, folder: Path, one: Followed, exporter: str, keda_port: int) -> None:
        self._folder, self._port = folder, free_port()
        self._config = write_config(folder, one, exporter, self._port, keda_port)
        self._popen: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """And wait until it answers."""
        log = self._folder / "prometheus.log"
        log.touch()
        command = [
            str(binary("prometheus")),
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
        ]
        self._popen = started(log, command)

        def ready() -> bool:
            """Prometheus is ready"""
            try:
                return requests.get(f"{self.url}/-/ready", timeout=2).ok
            except requests.RequestException:
                return False

        eventually(ready)

    def stop(self) -> None:
        """As if its node were lost, its data included in what comes back."""
        if self._popen is not None:
            ended(self._popen)
            self._popen = None

    def value(self, query: str) -> float | None:
        """What it answers now; None where it knows nothing."""
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=5)
        found = answer.json()["data"]["result"]
        return float(found[0]["value"][1]) if found else None
