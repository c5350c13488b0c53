"""A Kubernetes control plane as plain processes on loopback: etcd, API server, controllers, kwok."""

import secrets
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.cluster.api import Access, Api
from tests.guarded import ended, free_port, started

HERE = Path(__file__).parent
READY_SECONDS = 600
_FRONT = "front-proxy"
_STOP_ORDER = {"kube-apiserver": 0, "etcd": 2}
# Identities by static token: what client certificates would do, without making any.
IDENTITIES: Mapping[str, Sequence[str]] = {
    "admin": ("system:masters",),
    "system:kube-controller-manager": (),
    "system:kube-scheduler": (),
    "kwok": ("system:masters",),
}


class ControlPlaneFailed(Exception):  # noqa: N818 - says what happened
    """A process ended early or the API never became ready; the message ends with its log."""


@dataclass(frozen=True, kw_only=True)
class _Process:
    name: str
    popen: subprocess.Popen[bytes]
    log: Path


class ControlPlane:
    """Starts on construction, ends with ``stop`` or when this process dies."""

    def __init__(self, tools: Path, folder: Path, stages: Path) -> None:
        self._tools, self._folder = tools, folder
        self._tokens = {name: secrets.token_hex(16) for name in IDENTITIES}
        self._processes: list[_Process] = []
        self._port = free_port()
        self._write_credentials()
        self.access = Access(
            url=f"https://127.0.0.1:{self._port}",
            token=self._tokens["admin"],
            authority=folder / "server.crt",
            kubeconfig=self._kubeconfig("admin"),
        )
        try:
            etcd = self._start_etcd()
            self._start_api_server(etcd)
            self._await("/readyz")
            self._start_controllers(stages)
            # Controllers run once the first service account exists.
            self._await("/api/v1/namespaces/default/serviceaccounts/default")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """The API server first: with etcd gone before it, it would ignore the signal."""
        for process in sorted(self._processes, key=lambda p: _STOP_ORDER.get(p.name, 1)):
            ended(process.popen)
        self._processes.clear()

    def logs(self) -> str:
        """The last lines of every process."""
        return "\n".join(f"--- {p.name}\n{_tail(p.log)}" for p in self._processes)

    def _write_credentials(self) -> None:
        """Self-signed certificates of the server and of its front, one key for service accounts."""
        for name, more in (("server", ["-addext", "subjectAltName=IP:127.0.0.1"]), (_FRONT, [])):
            pair = ["-keyout", self._folder / f"{name}.key", "-out", self._folder / f"{name}.crt"]
            subject = ["-subj", f"/CN={name}", *more]
            _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *pair)
        _openssl("genrsa", "-out", self._folder / "accounts.key", "2048")
        rows = [
            ",".join([self._tokens[name], name, f"uid-{number}", *groups])
            for number, (name, groups) in enumerate(IDENTITIES.items())
        ]
        (self._folder / "tokens.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    def _kubeconfig(self, identity: str) -> Path:
        path = self._folder / f"{identity.rpartition(':')[2]}.kubeconfig"
        server = f"https://127.0.0.1:{self._port}"
        cluster = {"server": server, "certificate-authority": str(self._folder / "server.crt")}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "me", "user": {"token": self._tokens[identity]}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "me"}}],
            "current-context": "test",
        }
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    def _start_etcd(self) -> str:
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self._start(
            "etcd",
            f"--data-dir={self._folder / 'etcd'}",
            "--unsafe-no-fsync",
            "--log-level=warn",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
        )
        return client

    def _start_api_server(self, etcd: str) -> None:
        folder = self._folder
        self._start(
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._port}",
            f"--tls-cert-file={folder / 'server.crt'}",
            f"--tls-private-key-file={folder / 'server.key'}",
            f"--token-auth-file={folder / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--service-account-issuer=https://tokenfleet.test",
            f"--service-account-key-file={folder / 'accounts.key'}",
            f"--service-account-signing-key-file={folder / 'accounts.key'}",
            "--service-cluster-ip-range=172.20.0.0/16",
            "--allow-privileged",
            "--endpoint-reconciler-type=none",
            # How servers of further APIs, such as KEDA's metrics, know whom it asks for.
            f"--requestheader-client-ca-file={folder / _FRONT}.crt",
            f"--requestheader-allowed-names={_FRONT}",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={folder / _FRONT}.crt",
            f"--proxy-client-key-file={folder / _FRONT}.key",
        )

    def _start_controllers(self, stages: Path) -> None:
        folder = self._folder
        quick = ("--kube-api-qps=1000", "--kube-api-burst=2000", "--leader-elect=false")
        self._start(
            "kube-controller-manager",
            f"--kubeconfig={self._kubeconfig('system:kube-controller-manager')}",
            "--use-service-account-credentials",
            f"--service-account-private-key-file={folder / 'accounts.key'}",
            f"--root-ca-file={folder / 'server.crt'}",
            f"--secure-port={free_port()}",
            "--bind-address=127.0.0.1",
            "--controllers=*,-nodeipam,-cloud-node-lifecycle,-service-lb-controller,"
            "-node-route-controller",
            # A node whose heartbeats a busy machine delays is not lost: scenarios say which are.
            "--node-monitor-grace-period=10m",
            # 15 s in a cluster.
            "--horizontal-pod-autoscaler-sync-period=1s",
            *quick,
        )
        self._start(
            "kube-scheduler",
            f"--kubeconfig={self._kubeconfig('system:kube-scheduler')}",
            f"--secure-port={free_port()}",
            "--bind-address=127.0.0.1",
            *quick,
        )
        self._start(
            "kwok",
            f"--kubeconfig={self._kubeconfig('kwok')}",
            "--manage-all-nodes",
            "--cidr=10.244.0.0/16",
            "--node-ip=127.0.0.1",
            "--node-lease-duration-seconds=40",
            f"--server-address=127.0.0.1:{free_port()}",
            f"--config={stages}",
        )

    def _start(self, name: str, *arguments: str) -> None:
        log = self._folder / f"{name}.log"
        popen = started(log, [str(self._tools / name), *arguments])
        self._processes.append(_Process(name=name, popen=popen, log=log))

    def _await(self, path: str) -> None:
        """Wait until the API server answers ``path`` with 200."""
        api = Api(self.access)
        deadline = time.monotonic() + READY_SECONDS
        while not api.answers(path):
            for process in self._processes:
                if process.popen.poll() is not None:
                    msg = f"{process.name} ended\n{_tail(process.log)}"
                    raise ControlPlaneFailed(msg)
            if time.monotonic() > deadline:
                msg = f"{path} was not ready in {READY_SECONDS} s\n{self.logs()}"
                raise ControlPlaneFailed(msg)
            time.sleep(0.05)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
