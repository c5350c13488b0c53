"""The way in to a model: its Service, and the load balancer that the cloud controller makes of it."""

from collections.abc import Mapping, Sequence

from tokenfleet.plan.iam import MODEL_READER
from tokenfleet.plan.manifests.containers import Manifest
from tokenfleet.plan.manifests.pod import object_metadata, selector_labels
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.settings.sections import EdgeSettings

_PLAIN_PORT, _TLS_PORT = 80, 443
# TLS 1.3 and 1.2 with forward secrecy (Elastic Load Balancing, "Security policies for your Network
# Load Balancer": the console's default, 2026-11).
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"


def model_url(model: ModelPlan, edge: EdgeSettings) -> str:
    """Where a model answers inside the cluster: without TLS, which ends at the load balancer.

    Below it are its routes; that of a classifier is not below /v1 (vLLM's own choice).
    """
    port = "" if edge.certificate_arn is None else f":{_TLS_PORT}"
    return f"http://vllm-{model.name}.{MODEL_READER.namespace}.svc{port}{'' if model.task == 'classify' else '/v1'}"


def service_manifest(model: ModelPlan, edge: EdgeSettings) -> Manifest:
    """Where clients find the replicas of a model, as far out as the stack file lets them."""
    port = _PLAIN_PORT if edge.certificate_arn is None else _TLS_PORT
    ports = [{"name": "http", "port": port, "targetPort": "http"}]
    if edge.exposure == "cluster":
        spec = {"type": "ClusterIP", "selector": selector_labels(model), "ports": ports}
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": object_metadata(model),
            "spec": spec,
        }
    # The cloud controller that EKS runs reads -type and -internal; it ignores -scheme, which
    # the AWS Load Balancer Controller reads: both are set so that neither makes it public.
    annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-type": "nlb",
        "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
        "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
        # How soon a node without a ready replica is left out; plan/serving/drain.py counts on it.
        "service.beta.kubernetes.io/aws-load-balancer-healthcheck-interval": "10",
        "service.beta.kubernetes.io/aws-load-balancer-healthcheck-unhealthy-threshold": "2",
        "pulumi.com/skipAwait": "true",
        **_tls(edge.certificate_arn),
    }
    spec = {
        "type": "LoadBalancer",
        "selector": selector_labels(model),
        "ports": ports,
        "loadBalancerSourceRanges": edge_ranges(edge),
        # Keeps the client's address, by which the network policy decides.
        "externalTrafficPolicy": "Local",
    }
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": object_metadata(model, annotations),
        "spec": spec,
    }


def edge_ranges(edge: EdgeSettings) -> Sequence[str]:
    """The ranges that may call, in order."""
    return sorted(str(cidr) for cidr in edge.allowed_cidrs)


def _tls(certificate_arn: str | None) -> Mapping[str, str]:
    """What makes every listener of a load balancer speak TLS, and plain HTTP to the replicas.

    As kubernetes/cloud-provider-aws v1.35.2 reads it (pkg/providers/v1/aws.go,
    EnsureLoadBalancer): without -ssl-ports every port is TLS, without a -backend-protocol of
    "ssl" the target group is TCP, so that the client's address is kept. A policy must be named:
    the controller compares it as text and would otherwise change the listener at every sync,
    and AWS's default for listeners made by API, ELBSecurityPolicy-2016-08, still takes TLS 1.0.
    """
    if certificate_arn is None:
        return {}
    return {
        "service.beta.kubernetes.io/aws-load-balancer-ssl-cert": certificate_arn,
        "service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy": _TLS_POLICY,
    }
