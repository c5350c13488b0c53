"""Who may reach the replicas, and what they may reach."""

from collections.abc import Sequence

from tokenfleet.plan.iam import MODEL_READER
from tokenfleet.plan.manifests.containers import Manifest
from tokenfleet.plan.nodes.pools import LABEL_PREFIX
from tokenfleet.plan.serving.engine import PORT

CALLER_LABEL = f"{LABEL_PREFIX}/may-call-models"
"""The label, with the value "true", of namespaces whose pods may reach vLLM: the proxy in front,
Prometheus, and whatever a platform team adds."""
# EKS user guide, "Pod Identity considerations": the agent's address on every node.
_POD_IDENTITY_AGENT = "169.254.170.23/32"
_HTTPS, _HTTP, _DNS = 443, 80, 53


def network_policy_manifest(exposure: str, allowed_cidrs: Sequence[str]) -> Manifest:
    """Into the namespace: from labelled namespaces, and from clients of the load balancers.

    Out of it: names, the bucket and the agent that hands out its credentials; a replica has no
    business anywhere else. Probes come from the node, which policies do not stop.
    """
    callers: list[Manifest] = [
        {"namespaceSelector": {"matchLabels": {CALLER_LABEL: "true"}}},
        *({"ipBlock": {"cidr": cidr}} for cidr in allowed_cidrs if exposure == "internal"),
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "replicas", "namespace": MODEL_READER.namespace},
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": callers, "ports": [{"protocol": "TCP", "port": PORT}]}],
            "egress": [
                {
                    "to": [
                        {
                            "namespaceSelector": {
                                "matchLabels": {"kubernetes.io/metadata.name": "kube-system"}
                            },
                            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                        }
                    ],
                    "ports": [{"protocol": protocol, "port": _DNS} for protocol in ("UDP", "TCP")],
                },
                # The addresses of S3 change: only the port can be named.
                {"ports": [{"protocol": "TCP", "port": _HTTPS}]},
                {
                    "to": [{"ipBlock": {"cidr": _POD_IDENTITY_AGENT}}],
                    "ports": [{"protocol": "TCP", "port": _HTTP}],
                },
            ],
        },
    }
