"""A Neuron node takes replicas once its devices are registered, and not before."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest

from tests.cluster.api import Api, Object, Refused, eventually
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import Fleet
from tokenfleet.plan.stack import Plan

ZONES = ("us-east-1a", "us-east-1b")
POOL, MODEL, DEVICE = "inferentia2", "qwen25-7b", "aws.amazon.com/neuron"
TAINT = "startup-taint.cluster-autoscaler.kubernetes.io/neuron"
SYSTEM, ACCOUNT = "kube-system", "startup-taint"
SCRIPT = Path(__file__).parents[2] / "userdata" / "startup_taint.py"
OTHERS = [{"key": "example.com/other", "value": "a", "effect": "PreferNoSchedule"}]

FleetOf = Callable[[str], Fleet]
Remover = Callable[..., Path]


@pytest.fixture(scope="module")
def daemon_set(control_plane: ControlPlane, plans: Mapping[str, Plan]) -> Iterator[Object]:
    """The rendered DaemonSet in the cluster, with all that it needs; nothing is left of it.

    Once for all tests: a policy that goes and comes again is in force, is not, and is.
    """
    api = Api(control_plane.access)
    manifests = plans["prod"].addons.manifests
    for manifest in manifests:
        assert api.apply(manifest)["kind"] == manifest["kind"]
    yield next(api.apply(m) for m in manifests if m["kind"] == "DaemonSet")
    for manifest in reversed(manifests):
        api.remove(manifest)
    eventually(lambda: not _pods(api))


@pytest.fixture(autouse=True)
def no_pod_is_left(daemon_set: Object, api: Api) -> Iterator[None]:
    """Nodes of the next test have the same names, and pods of their own."""
    assert daemon_set
    yield
    eventually(lambda: not _pods(api))


def _pods(api: Api) -> list[Object]:
    return api.items(f"/api/v1/namespaces/{SYSTEM}/pods", f"app.kubernetes.io/name={ACCOUNT}")


def _pod_on(node: str, api: Api) -> Object:
    """The DaemonSet's pod on a node, once it is there."""

    def running() -> list[Object]:
        """the DaemonSet has a pod on the node"""
        return [pod for pod in _pods(api) if pod["spec"].get("nodeName") == node]

    return eventually(running)[0]


def _taints(node: str, api: Api) -> list[str]:
    return [t["key"] for t in api.get(f"/api/v1/nodes/{node}")["spec"].get("taints", [])]


def _starting(fleet: Fleet, api: Api) -> str:
    """A node without devices, that somebody else has tainted too."""
    (node,) = fleet.join(POOL, "spot", ZONES[:1], starting=True)
    path = f"/api/v1/nodes/{node}"
    taints = [OTHERS[0], *api.get(path)["spec"]["taints"]]
    api.merge(path, {"spec": {"taints": taints}})
    return node


def _register_device(node: str, api: Api) -> None:
    """As the kubelet does when the device plug-in has told it."""
    path = f"/api/v1/nodes/{node}/status"
    api.merge(path, {"status": {kind: {DEVICE: "1"} for kind in ("capacity", "allocatable")}})


@pytest.fixture
def remover(api: Api, control_plane: ControlPlane, tmp_path: Path) -> Iterator[Remover]:
    """Runs the container of a DaemonSet's pod on this machine, as kwok does not; its log."""
    started: list[subprocess.Popen[bytes]] = []

    def start(pod: Object, port: int | None = None) -> Path:
        (container,) = pod["spec"]["containers"]
        _, script, *words = container["command"]
        assert Path(script).name == SCRIPT.name
        folder = tmp_path / pod["metadata"]["name"]
        folder.mkdir()
        (folder / "token").write_text(api.token(SYSTEM, ACCOUNT, pod), encoding="utf-8")
        shutil.copyfile(control_plane.access.authority, folder / "ca.crt")
        server = urlsplit(control_plane.access.url)
        environment = {
            "PATH": os.environ["PATH"],
            "KUBERNETES_SERVICE_HOST": str(server.hostname),
            "KUBERNETES_SERVICE_PORT": str(port or server.port),
            "ACCOUNT": str(folder),
            "NODE_NAME": pod["spec"]["nodeName"],
        }
        assert environment.keys() >= {entry["name"] for entry in container["env"]}
        command = [sys.executable, SCRIPT, *words]
        with (folder / "log").open("wb") as log:
            started.append(subprocess.Popen(command, env=environment, stdout=log))
        return folder / "log"

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_a_replica_waits_until_the_devices_are_registered(
    fleet_of: FleetOf, api: Api, remover: Remover
) -> None:
    fleet = fleet_of("prod")
    node = _starting(fleet, api)
    remover(_pod_on(node, api))
    fleet.prepare()
    fleet.serve(MODEL, 1)
    # Several looks later nothing has changed.
    with pytest.raises(TimeoutError):
        eventually(lambda: fleet.ready(MODEL), seconds=5)
    assert TAINT in _taints(node, api)
    _register_device(node, api)
    eventually(lambda: TAINT not in _taints(node, api))
    assert sorted(_taints(node, api)) == sorted([DEVICE, OTHERS[0]["key"]])
    (pod,) = fleet.await_ready(MODEL, 1)
    assert pod["spec"]["nodeName"] == node


def test_the_taint_alone_keeps_a_replica_off(fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of("prod")
    node = _starting(fleet, api)
    _register_device(node, api)
    fleet.prepare()
    fleet.serve(MODEL, 1)

    def refused() -> bool:
        """the scheduler says that a taint is in the way, and nothing else"""
        return any(
            re.search(
                r"0/1 nodes.*: 1 node\(s\) had untolerated taint", condition.get("message", "")
            )
            for pod in fleet.pods(MODEL)
            for condition in pod["status"].get("conditions", [])
        )

    eventually(refused)
    assert not [pod for pod in fleet.pods(MODEL) if pod["spec"].get("nodeName")]


def test_it_outlasts_an_api_server_that_is_away(
    fleet_of: FleetOf, api: Api, control_plane: ControlPlane, remover: Remover
) -> None:
    node = _starting(fleet_of("prod"), api)
    _register_device(node, api)
    with socket.socket() as listener:
        # Bound, and nobody listens there yet: connections are refused.
        listener.bind(("127.0.0.1", 0))
        log = remover(_pod_on(node, api), int(listener.getsockname()[1]))
        eventually(lambda: "refused" in log.read_text(encoding="utf-8"))
        with _forwarded(listener, control_plane):
            eventually(lambda: TAINT not in _taints(node, api))


def test_it_runs_on_neuron_nodes_alone(fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of("prod")
    fleet.join_all()
    starting = fleet.join(POOL, "spot", ZONES[:1], "-starting", starting=True)
    neuron = [
        node["metadata"]["name"]
        for node in api.items("/api/v1/nodes", f"tokenfleet.io/pool={POOL}")
    ]
    assert len(neuron) < len(api.items("/api/v1/nodes"))
    assert set(starting) < set(neuron)

    def placed() -> bool:
        """every Neuron node has its pod"""
        return sorted(pod["spec"].get("nodeName", "") for pod in _pods(api)) == sorted(neuron)

    eventually(placed)


def test_its_pod_is_restricted(fleet_of: FleetOf, api: Api, daemon_set: Object) -> None:
    fleet = fleet_of("prod")
    fleet.prepare()
    spec = {**daemon_set["spec"]["template"]["spec"], "serviceAccountName": "vllm"}
    del spec["priorityClassName"]
    metadata = {"name": "probe", "namespace": fleet.namespace}
    assert api.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, dry_run=True
    )


# What its account may not do, with a token bound to its pod on the node: (patch of the node, words).
FORBIDDEN: Mapping[str, tuple[Mapping[str, object], str]] = {
    "take another taint away": ({"spec": {"taints": []}}, "touch no other"),
    "add a taint": (
        {"spec": {"taints": [{"key": "new", "effect": "NoExecute"}]}},
        "touch no other",
    ),
    "label": ({"metadata": {"labels": {"tokenfleet.io/pool": "h100"}}}, ""),
    "annotate": ({"metadata": {"annotations": {"a": "b"}}}, ""),
    "cordon": ({"spec": {"unschedulable": True}}, ""),
    "name a provider": ({"spec": {"providerID": "aws:///other"}}, ""),
    "hold on to it": ({"metadata": {"finalizers": ["example.com/hold"]}}, ""),
}


@pytest.mark.parametrize("attempt", list(FORBIDDEN))
def test_its_account_may_change_nothing_else(attempt: str, fleet_of: FleetOf, api: Api) -> None:
    node = _starting(fleet_of("prod"), api)
    account = _account_on(node, api)
    patch, words = FORBIDDEN[attempt]
    path = f"/api/v1/nodes/{node}"
    kept = [t for t in api.get(path)["spec"]["taints"] if t["key"] != TAINT]
    # Together with what it may do, so that nothing but the attempt is refused.
    wanted = {**patch, "spec": {"taints": kept, **_section(patch, "spec")}}
    with pytest.raises(Refused, match=words or "it may change nothing but taints") as refused:
        account.merge(path, wanted)
    assert refused.value.code in (403, 422)
    assert account.merge(path, {"spec": {"taints": kept}})
    assert TAINT not in _taints(node, api)


def test_its_account_may_change_no_other_node(fleet_of: FleetOf, api: Api) -> None:
    fleet = fleet_of("prod")
    node = _starting(fleet, api)
    (other,) = fleet.join(POOL, "spot", ZONES[1:], starting=True)
    path = f"/api/v1/nodes/{other}"
    kept = [t for t in api.get(path)["spec"]["taints"] if t["key"] != TAINT]
    for account in (_account_on(node, api), api.as_service_account(SYSTEM, ACCOUNT)):
        with pytest.raises(Refused, match="no node but the one it runs on"):
            account.merge(path, {"spec": {"taints": kept}})
    assert _account_on(other, api).merge(path, {"spec": {"taints": kept}})


# What RBAC does not let it do, with its node's name.
UNKNOWN: Mapping[str, Callable[[Api, str], object]] = {
    "list nodes": lambda account, _: account.items("/api/v1/nodes"),
    "list pods": lambda account, _: account.items("/api/v1/pods"),
    "read secrets": lambda account, _: account.items(f"/api/v1/namespaces/{SYSTEM}/secrets"),
    "delete its node": lambda account, node: account.delete(f"/api/v1/nodes/{node}"),
    "change the status of its node": lambda account, node: account.merge(
        f"/api/v1/nodes/{node}/status", {"status": {"phase": "Running"}}
    ),
}


@pytest.mark.parametrize("attempt", list(UNKNOWN))
def test_its_account_may_do_nothing_else(attempt: str, fleet_of: FleetOf, api: Api) -> None:
    node = _starting(fleet_of("prod"), api)
    account = _account_on(node, api)
    with pytest.raises(Refused) as refused:
        UNKNOWN[attempt](account, node)
    assert refused.value.code == 403


def _section(patch: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = patch.get(name, {})
    return cast("Mapping[str, object]", found) if isinstance(found, Mapping) else {}


def _account_on(node: str, api: Api) -> Api:
    """The API with the token that the DaemonSet's pod on a node has."""

    def admitted() -> Api | None:
        """the admission policy is in force, and it is what refuses: RBAC knows the account"""
        account = api.as_service_account(SYSTEM, ACCOUNT, _pod_on(node, api))
        try:
            account.merge(f"/api/v1/nodes/{node}", {"metadata": {"annotations": {"probe": "a"}}})
        except Refused as refused:
            return account if "ValidatingAdmissionPolicy" in refused.message else None
        api.merge(f"/api/v1/nodes/{node}", {"metadata": {"annotations": {"probe": None}}})
        return None

    found = eventually(admitted)
    assert found
    return found


@contextmanager
def _forwarded(listener: socket.socket, control_plane: ControlPlane) -> Generator[None]:
    """The API server answers where that is bound."""
    server = urlsplit(control_plane.access.url)
    connections: list[threading.Thread] = []

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(65536):
                target.sendall(content)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection((str(server.hostname), server.port or 0)) as upstream:
            back = threading.Thread(target=pump, args=(upstream, client))
            back.start()
            pump(client, upstream)
            back.join()

    def accept() -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = listener.accept()
                connections.append(threading.Thread(target=serve, args=(client,)))
                connections[-1].start()

    listener.listen()
    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        for thread in (accepting, *connections):
            thread.join()
