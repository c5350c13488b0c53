"""The way in to the edge: its Services, and the load balancer that the cloud controller makes of one."""

from collections.abc import Mapping, Sequence

from tokenfleet.plan.edge.envoy.ports import METRICS
from tokenfleet.plan.manifests.containers import Manifest
from tokenfleet.plan.manifests.network_policy import EDGE, EDGE_LABELS
from tokenfleet.plan.nodes.groups import SYSTEM_POOL
from tokenfleet.plan.nodes.pools import LABEL_PREFIX
from tokenfleet.settings.edge import EdgeSettings

METRICS_SERVICE = "edge-metrics"
_PLAIN_PORT, _TLS_PORT = 80, 443
# TLS 1.3 and 1.2 with forward secrecy (Elastic Load Balancing, "Security policies for your Network
# Load Balancer": the console's default, 2026-11).
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
_PREFIX = "service.beta.kubernetes.io/aws-load-balancer"


def edge_url(edge: EdgeSettings) -> str:
    """Where all models answer inside the cluster: without TLS, which ends at the load balancer.

    What answers with classes does so beside ``/v1`` (vLLM's own choice).
    """
    port = "" if edge.certificate_arn is None else f":{_TLS_PORT}"
    return f"http://{EDGE}.{EDGE}.svc{port}/v1"


def service_manifests(edge: EdgeSettings) -> Sequence[Manifest]:
    """What clients find, as far out as the stack file lets them; and what Prometheus finds."""
    port = _PLAIN_PORT if edge.certificate_arn is None else _TLS_PORT
    spec: Manifest = {
        "type": "ClusterIP",
        "selector": EDGE_LABELS,
        "ports": [{"name": "http", "port": port, "targetPort": "http"}],
    }
    way_in: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": EDGE, "namespace": EDGE, "labels": EDGE_LABELS},
        "spec": spec,
    }
    if edge.exposure != "cluster":
        way_in = {
            **way_in,
            "metadata": {
                "name": EDGE,
                "namespace": EDGE,
                "labels": EDGE_LABELS,
                "annotations": _annotations(edge),
            },
            "spec": {
                **spec,
                "type": "LoadBalancer",
                "loadBalancerSourceRanges": ranges(edge),
                # With Local a node fails its health check as its last pod begins to end, and the
                # load balancer cuts what still streams through it: target_health_state.unhealthy
                # .connection_termination.enabled is true, and this controller cannot set it
                # (kubernetes/cloud-provider-aws#226). So nodes stay healthy and pass on to any pod;
                # ranges are enforced by security groups, before the client's address is replaced.
                "externalTrafficPolicy": "Cluster",
            },
        }
    return [way_in, _metrics_service()]


def ranges(edge: EdgeSettings) -> Sequence[str]:
    """The ranges that may call, in order, each once."""
    return sorted({str(cidr) for cidr in edge.allowed_cidrs})


def _metrics_service() -> Manifest:
    """Without an address of its own: a name that stands for every pod, also one that is not ready."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": METRICS_SERVICE, "namespace": EDGE, "labels": EDGE_LABELS},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": EDGE_LABELS,
            "ports": [{"name": "metrics", "port": METRICS, "targetPort": "metrics"}],
        },
    }


def _annotations(edge: EdgeSettings) -> Mapping[str, str]:
    """What the cloud controller that EKS runs reads.

    That is -type and -internal; it ignores -scheme, which the AWS Load Balancer Controller reads:
    both are set so that neither makes an internal one public.
    """
    is_public = edge.exposure == "public"
    return {
        f"{_PREFIX}-type": "nlb",
        **({} if is_public else {f"{_PREFIX}-internal": "true"}),
        f"{_PREFIX}-scheme": "internet-facing" if is_public else "internal",
        # A node that is reclaimed would take connections along that are not its own.
        f"{_PREFIX}-target-node-labels": f"{LABEL_PREFIX}/pool={SYSTEM_POOL}",
        # How soon a node that is gone is left out, seconds and times.
        f"{_PREFIX}-healthcheck-interval": "10",
        f"{_PREFIX}-healthcheck-healthy-threshold": "2",
        f"{_PREFIX}-healthcheck-unhealthy-threshold": "2",
        "pulumi.com/skipAwait": "true",
        **_tls(edge.certificate_arn),
    }


def _tls(certificate_arn: str | None) -> Mapping[str, str]:
    """What makes every listener of a load balancer speak TLS, and plain HTTP to the edge.

    As kubernetes/cloud-provider-aws v1.35.2 reads it (pkg/providers/v1/aws.go,
    EnsureLoadBalancer): without -ssl-ports every port is TLS, without a -backend-protocol of
    "ssl" the target group is TCP. A policy must be named: the controller compares it as text and
    would otherwise change the listener at every sync, and AWS's default for listeners made by
    API, ELBSecurityPolicy-2016-08, still takes TLS 1.0.
    """
    if certificate_arn is None:
        return {}
    return {
        f"{_PREFIX}-ssl-cert": certificate_arn,
        f"{_PREFIX}-ssl-negotiation-policy": _TLS_POLICY,
    }
