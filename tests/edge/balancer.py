"""A network load balancer: ends TLS, spreads connections, and learns late who is gone.

It is an Envoy that knows nothing of HTTP.
"""

import json
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.edge.envoy import envoy_binary
from tests.guarded import answering, ended, free_port, started

_TYPE = "type.googleapis.com/envoy"


class Balancer:
    """Starts on construction in front of edges on these ports; ends with ``stop``."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.port = folder, 0
        self._certificate, self._key = folder / "tls.crt", folder / "tls.key"
        _openssl(self._certificate, self._key)
        self.tell(ports)
        self._popen = answering(self._start, self._takes_connections, folder / "balancer.log")

    @property
    def trusted(self) -> ssl.SSLContext:
        """What a client needs to believe that it is who it says."""
        return ssl.create_default_context(cafile=self._certificate)

    def tell(self, ports: Sequence[int]) -> None:
        """From now on new connections go to these; those that there are go on."""
        endpoints = [{"endpoint": {"address": _address(port)}} for port in ports]
        assigned = {
            "@type": f"{_TYPE}.config.endpoint.v3.ClusterLoadAssignment",
            "cluster_name": "edges",
            "endpoints": [{"lb_endpoints": endpoints}],
        }
        unfinished = self._folder / "eds.new"
        unfinished.write_text(json.dumps({"resources": [assigned]}), encoding="utf-8")
        unfinished.rename(self._folder / "eds.json")

    def stop(self) -> None:
        """End it and wait."""
        ended(self._popen)

    def _start(self) -> subprocess.Popen[bytes]:
        self.port = free_port()
        path = self._folder / "balancer.json"
        path.write_text(json.dumps(self._bootstrap()), encoding="utf-8")
        command = [str(envoy_binary()), "--config-path", str(path), "--concurrency", "1"]
        return started(self._folder / "balancer.log", [*command, "--use-dynamic-base-id"])

    def _takes_connections(self) -> bool:
        try:
            ssl.get_server_certificate(("127.0.0.1", self.port), timeout=1)
        except OSError:
            return False
        return True

    def _bootstrap(self) -> object:
        proxy = {
            "@type": f"{_TYPE}.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            "stat_prefix": "edges",
            "cluster": "edges",
        }
        pair = {
            "certificate_chain": {"filename": str(self._certificate)},
            "private_key": {"filename": str(self._key)},
        }
        tls = {
            "@type": f"{_TYPE}.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {"tls_certificates": [pair]},
        }
        chain = {
            "filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}],
            "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls},
        }
        told = {
            "resource_api_version": "V3",
            "path_config_source": {"path": str(self._folder / "eds.json")},
        }
        return {
            "node": {"id": "balancer", "cluster": "balancer"},
            "static_resources": {
                "listeners": [
                    {"name": "tls", "address": _address(self.port), "filter_chains": [chain]}
                ],
                "clusters": [
                    {
                        "name": "edges",
                        "type": "EDS",
                        "connect_timeout": "1s",
                        "eds_cluster_config": {"eds_config": told},
                    }
                ],
            },
        }


def _address(port: int) -> object:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _openssl(certificate: Path, key: Path) -> None:
    subject = ("-subj", "/CN=edge", "-addext", "subjectAltName=IP:127.0.0.1")
    pair = ("-keyout", key, "-out", certificate)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *pair],
        check=True,
        capture_output=True,
    )
