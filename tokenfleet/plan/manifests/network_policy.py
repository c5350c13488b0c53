"""Who may reach the replicas and the edge, and what these may reach."""

from collections.abc import Sequence

from tokenfleet.plan.iam import MODEL_READER
from tokenfleet.plan.manifests.containers import Manifest
from tokenfleet.plan.nodes.pools import LABEL_PREFIX
from tokenfleet.plan.serving.engine.process import PORT

EDGE = "edge"
"""The namespace of the proxy in front of all models, and the name of what is in it."""
EDGE_LABELS = {"app.kubernetes.io/name": EDGE}
"""The labels by which everything finds its pods."""
CALLER_LABEL = f"{LABEL_PREFIX}/may-call-models"
"""The label, with the value "true", of namespaces whose pods may call the edge."""
SCRAPER_LABEL = f"{LABEL_PREFIX}/may-scrape"
"""The same of namespaces whose pods may read the metrics of replicas and edge: Prometheus."""
# EKS user guide, "Pod Identity considerations": the agent's address on every node.
_POD_IDENTITY_AGENT = "169.254.170.23/32"
_HTTPS, _HTTP, _DNS = 443, 80, 53


def replica_policy() -> Manifest:
    """Into the namespace of the models: the edge, and who reads metrics, which have a key of their own.

    Out of it: names, the bucket and the agent that hands out its credentials; a replica has no
    business anywhere else. Probes come from the node, which policies do not stop.
    """
    return network_policy(
        "replicas",
        MODEL_READER.namespace,
        ingress=[
            {
                "from": [
                    {
                        "namespaceSelector": _of_name(EDGE),
                        "podSelector": {"matchLabels": EDGE_LABELS},
                    },
                    labelled(SCRAPER_LABEL),
                ],
                "ports": [tcp(PORT)],
            }
        ],
        egress=[
            NAMES,
            # The addresses of S3 change: only the port can be named.
            {"ports": [tcp(_HTTPS)]},
            {"to": [{"ipBlock": {"cidr": _POD_IDENTITY_AGENT}}], "ports": [tcp(_HTTP)]},
        ],
    )


def edge_policy(ranges: Sequence[str], *, http: int, metrics: int) -> Manifest:
    """Into the namespace of the edge: callers to one port, who reads metrics to the other.

    ``ranges`` are those that a load balancer's traffic comes from. Out of it: names and replicas.
    """
    callers = [labelled(CALLER_LABEL), *({"ipBlock": {"cidr": cidr}} for cidr in ranges)]
    replicas: Manifest = {"namespaceSelector": _of_name(MODEL_READER.namespace)}
    return network_policy(
        EDGE,
        EDGE,
        ingress=[
            {"from": callers, "ports": [tcp(http)]},
            {"from": [labelled(SCRAPER_LABEL)], "ports": [tcp(metrics)]},
        ],
        egress=[NAMES, {"to": [replicas], "ports": [tcp(PORT)]}],
    )


def network_policy(
    name: str, namespace: str, *, ingress: Sequence[Manifest], egress: Sequence[Manifest]
) -> Manifest:
    """For every pod of a namespace: what is not listed is refused, both ways."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    }


def labelled(label: str) -> Manifest:
    """Every pod of the namespaces with a label."""
    return {"namespaceSelector": {"matchLabels": {label: "true"}}}


def tcp(port: int) -> Manifest:
    """A port, as policies name it."""
    return {"protocol": "TCP", "port": port}


def _of_name(namespace: str) -> Manifest:
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


NAMES: Manifest = {
    "to": [
        {
            "namespaceSelector": _of_name("kube-system"),
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    "ports": [{"protocol": protocol, "port": _DNS} for protocol in ("UDP", "TCP")],
}
"""The way out to CoreDNS."""
