"""Counters and gauges in Prometheus' text format, and the little server that shows them."""

import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PREFIX = "tokenfleet_capacity_"
HELP: Mapping[str, tuple[str, str]] = {
    "nodes": ("gauge", "Nodes by pool, tier and state."),
    "wanted_nodes": ("gauge", "Nodes that spot and on-demand are to bring."),
    "notices_total": ("counter", "Messages about instances of a pool, by kind."),
    "notice_lead_seconds_sum": ("counter", "From hearing a notice to its deadline, added up."),
    "notice_lead_seconds_count": ("counter", "Notices in the sum."),
    "notice_to_launch_seconds_sum": ("counter", "From hearing a notice to the next launch."),
    "notice_to_launch_seconds_count": ("counter", "Launches in the sum."),
    "reclaims_foretold_total": (
        "counter",
        "Reclaimed nodes that a rebalance recommendation named.",
    ),
    "launches_total": ("counter", "Nodes launched."),
    "draws_total": ("counter", "Stopped nodes asked for by the size of their group."),
    "warm_nodes": ("gauge", "Nodes of warm pools by state; coming ones have left it unseen."),
    "refusals_total": ("counter", "Nodes asked for in vain, by zone and code."),
    "ends_total": ("counter", "Nodes ended, by reason."),
    "moves_total": ("counter", "Surges of a model by what became of them."),
    "forced_evictions_total": ("counter", "Replicas ended against their disruption budget."),
    "missing_replicas": ("gauge", "Replicas wanted that do not serve."),
    "below_wanted_seconds_total": ("counter", "Seconds with fewer replicas than wanted."),
    "api_errors_total": ("counter", "Calls that failed, by call and code."),
    "last_success_timestamp_seconds": ("gauge", "When everything was last seen and done."),
}

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Values by name and labels; safe to read while they are written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[Labels, float]] = {}

    def add(self, name: str, by: float = 1, **labels: str) -> None:
        """Count."""
        with self._lock:
            values = self._values.setdefault(_known(name), {})
            key = tuple(sorted(labels.items()))
            values[key] = values.get(key, 0) + by

    def set(self, name: str, value: float, **labels: str) -> None:
        """Replace what a gauge says."""
        with self._lock:
            self._values.setdefault(_known(name), {})[tuple(sorted(labels.items()))] = value

    def text(self) -> str:
        """All of them, as Prometheus reads it."""
        lines: list[str] = []
        with self._lock:
            for name, values in sorted(self._values.items()):
                kind, meaning = HELP[name]
                lines += [f"# HELP {_PREFIX}{name} {meaning}", f"# TYPE {_PREFIX}{name} {kind}"]
                lines += [f"{_PREFIX}{name}{_shown(k)} {v:.15g}" for k, v in sorted(values.items())]
        return "\n".join(lines) + "\n"


def serve(metrics: Metrics, port: int, alive: Callable[[], bool]) -> None:
    """Answer ``/metrics`` and ``/healthz`` until the process ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path:
                case "/metrics":
                    self._say(200, metrics.text())
                case "/healthz":
                    self._say(200, "ok\n") if alive() else self._say(503, "not for a while\n")
                case _:
                    self._say(404, "/metrics, /healthz\n")

        def _say(self, code: int, text: str) -> None:
            content = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has
            """Probes are no news."""

    server = ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


class Pulse:
    """Whether the controller still turns."""

    def __init__(self, patience: float) -> None:
        self._patience, self._last = patience, time.monotonic()

    def beat(self) -> None:
        """It did just now."""
        self._last = time.monotonic()

    def alive(self) -> bool:
        """Not longer ago than the patience, in seconds."""
        return time.monotonic() - self._last < self._patience


def _known(name: str) -> str:
    if name not in HELP:
        raise KeyError(name)
    return name


def _shown(labels: Labels) -> str:
    escaped = (
        (key, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n"))
        for key, value in labels
    )
    inside = ",".join(f'{key}="{value}"' for key, value in escaped)
    return f"{{{inside}}}" if inside else ""
