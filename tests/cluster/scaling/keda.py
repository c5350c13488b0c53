"""KEDA's operator and its metrics adapter, out of the cluster; the chart's objects that they need."""

import subprocess
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.api import Access, Api, Object, eventually
from tests.cluster.tools import binary
from tests.guarded import ended, free_port, started

_NAMESPACE = "keda"
_EXTERNAL = "external.metrics.k8s.io"


@dataclass(frozen=True, kw_only=True)
class Keda:
    """Where the operator shows its own metrics."""

    metrics_port: int
    logs: tuple[Path, ...]


@contextmanager
def running_keda(api: Api, access: Access, folder: Path) -> Generator[Keda]:
    """Both processes, answering by way of the API server."""
    certificates = _certificates(folder / "keda-certificates")
    service, metrics, adapter = free_port(), free_port(), free_port()
    for found in _objects(adapter):
        api.apply(found)
    logs = (folder / "keda-operator.log", folder / "keda-adapter.log")
    kubeconfig = str(access.kubeconfig)
    operator_command = [
        str(binary("keda-operator")),
        f"--kubeconfig={kubeconfig}",
        f"--cert-dir={certificates}",
        "--enable-prometheus-metrics=true",
        f"--metrics-bind-address=127.0.0.1:{metrics}",
        f"--health-probe-bind-address=127.0.0.1:{free_port()}",
        f"--metrics-service-bind-address=127.0.0.1:{service}",
    ]
    adapter_command = [
        str(binary("keda-adapter")),
        f"--kubeconfig={kubeconfig}",
        f"--lister-kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--secure-port={adapter}",
        "--bind-address=127.0.0.1",
        f"--client-ca-file={certificates / 'ca.crt'}",
        f"--tls-cert-file={certificates / 'tls.crt'}",
        f"--tls-private-key-file={certificates / 'tls.key'}",
        f"--cert-dir={certificates}",
        f"--metrics-service-address=localhost:{service}",
        f"--port={free_port()}",
    ]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "WATCH_NAMESPACE": "",
        "POD_NAMESPACE": _NAMESPACE,
        "KEDA_CLUSTER_OBJECT_NAMESPACE": _NAMESPACE,
        # As the chart sets it by permissions.operator.restrict.secret (helm-values/keda.yaml). Otherwise
        # KEDA wants to read every Secret that the engine's environment names.
        "KEDA_RESTRICT_SECRET_ACCESS": "true",
    }
    with ExitStack() as stack:
        for log, command in zip(logs, (operator_command, adapter_command), strict=True):
            log.touch()
            stack.callback(ended, started(log, command, environment=environment))

        def answers() -> bool:
            """KEDA's adapter answers by way of the API server"""
            return api.answers(f"/apis/{_EXTERNAL}/v1beta1")

        try:
            eventually(answers)
        except TimeoutError as error:
            said = "\n".join(log.read_text(encoding="utf-8")[-3000:] for log in logs)
            raise AssertionError(said) from error
        yield Keda(metrics_port=metrics, logs=logs)


def _certificates(folder: Path) -> Path:
    """One pair for both, which is its own authority."""
    folder.mkdir()
    subject = ["-subj", "/CN=keda", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    pair = ["-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run([*command, *subject, *pair], check=True, capture_output=True)
    (folder / "ca.crt").write_bytes((folder / "tls.crt").read_bytes())
    return folder


def _objects(adapter_port: int) -> Iterator[Object]:
    """As kedacore/charts keda/templates/metrics-server has them, but for where the adapter is."""
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}}
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "keda-operator-metrics-apiserver", "namespace": _NAMESPACE},
        "spec": {
            "type": "ExternalName",
            "externalName": "localhost",
            "ports": [{"name": "https", "port": adapter_port}],
        },
    }
    yield {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1beta1.{_EXTERNAL}"},
        "spec": {
            "group": _EXTERNAL,
            "version": "v1beta1",
            "service": {
                "name": "keda-operator-metrics-apiserver",
                "namespace": _NAMESPACE,
                "port": adapter_port,
            },
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
        },
    }
    name = "keda-operator-external-metrics-reader"
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [{"apiGroups": [_EXTERNAL], "resources": ["externalmetrics"], "verbs": ["get"]}],
    }
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": name,
        },
        "subjects": [
            {
                "kind": "ServiceAccount",
                "name": "horizontal-pod-autoscaler",
                "namespace": "kube-system",
            }
        ],
    }
