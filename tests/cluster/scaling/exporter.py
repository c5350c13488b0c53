"""What replicas and the edge would say of a load: vLLM's and Envoy's metrics, without either.

Faked is the text of ``/metrics`` alone: the load that a scenario sets, spread over the replicas
that are ready, and the counters of what the edge refused. Prometheus asks for it as it does in a
cluster, of targets that this server lists instead of DNS.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import requests

from tests.cluster.api import Refused

KEY = "the metrics key"
# As much less than in a cluster as what it is averaged over (faster.py).
ANSWER_SECONDS = 1.5


class Exporter:
    """Serves while its block runs. ``ready`` names the replicas that would have an address.

    They are looked for beside the answers: Prometheus waits half a second for one, in which a busy
    machine would not list pods each time.
    """

    def __init__(self, served_name: str, ready: Callable[[], Sequence[str]]) -> None:
        self._served_name, self._look = served_name, ready
        self._ready: Sequence[str] = ()
        self.in_flight = 0.0
        self.answer_seconds = ANSWER_SECONDS
        self.refused_per_second = 0.0
        self.silent: frozenset[str] = frozenset()
        """Replicas that do not answer."""
        self.unmet = 0
        """Requests so far that found no replica."""
        self._refused = 0.0
        self._counted = time.monotonic()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._server.serve_forever, self._watch)
        ]

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    def targets(self) -> str:
        """Of Prometheus's HTTP discovery: one group for each ready replica."""
        groups = [
            {
                "targets": [self.address],
                "labels": {"__metrics_path__": f"/replicas/{name}", "instance": name},
            }
            for name in self._ready
        ]
        return json.dumps(groups)

    def of_replica(self, name: str) -> str | None:
        """Its share of the load; None where it does not answer."""
        ready = self._ready
        if name in self.silent or name not in ready:
            return None
        share, labels = self.in_flight / len(ready), '{engine="0",model_name="m"}'
        return (
            f"vllm:num_requests_running{labels} {share}\n"
            f"vllm:num_requests_waiting{labels} 0\n"
            f"vllm:kv_cache_usage_perc{labels} 0.1\n"
            f"vllm:e2e_request_latency_seconds_sum{labels} {self.answer_seconds * time.time()}\n"
            f"vllm:e2e_request_latency_seconds_count{labels} {time.time()}\n"
        )

    def of_edge(self) -> str:
        """Counters of what was refused, and of what found no replica."""
        with self._lock:
            now = time.monotonic()
            passed, self._counted = now - self._counted, now
            self._refused += passed * self.refused_per_second
        name = f'envoy_cluster_name="{self._served_name}"'
        full = self._refused + self.unmet
        return (
            f'envoy_cluster_upstream_rq{{envoy_response_code="503",{name}}} {full}\n'
            f"envoy_cluster_upstream_cx_none_healthy{{{name}}} {self.unmet}\n"
        )

    def _watch(self) -> None:
        while not self._end.wait(0.1):
            with suppress(requests.RequestException, Refused):
                self._ready = self._look()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                match self.path.split("/"):
                    case ["", "targets"]:
                        self._say(200, exporter.targets(), "application/json")
                    case ["", "stats", "prometheus"]:
                        self._say(200, exporter.of_edge())
                    case ["", "replicas", name]:
                        if self.headers["Authorization"] != f"Bearer {KEY}":
                            self._say(401, "no key")
                        elif (text := exporter.of_replica(name)) is None:
                            self._say(500, "silent")
                        else:
                            self._say(200, text)
                    case _:
                        self._say(404, "")

            def _say(self, code: int, text: str, kind: str = "text/plain; version=0.0.4") -> None:
                content = text.encode()
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has
                """Scrapes are no news."""

        return Handler
