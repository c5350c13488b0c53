"""The one door: replicas answer the edge and nobody else."""

from collections.abc import Iterator, Mapping

from tokenfleet.policies.finding import Finding
from tokenfleet.policies.values import items, mapping, mappings
from tokenfleet.recording.recorded import RecordedResource, Recording

_MODEL = "tokenfleet.io/model"
# The edge knows clients and their limits; who scrapes has a key that opens metrics alone.
_LET_IN = (
    {"kubernetes.io/metadata.name": "edge"},
    {"tokenfleet.io/may-scrape": "true"},
)
_DEPLOYMENT, _SERVICE = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"
_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def models_behind_edge(recording: Recording) -> Iterator[Finding]:
    """No load balancer leads to replicas, and their namespaces let in the edge and scrapers alone."""
    rule = "models-behind-edge"
    for service in recording.of_type(_SERVICE):
        spec = mapping(service.inputs.get("spec"))
        if _MODEL in mapping(spec.get("selector")) and spec.get("type") == "LoadBalancer":
            problem = "leads around the edge, its keys and its limits: make it a ClusterIP"
            yield Finding(rule=rule, resource=service.urn, problem=problem)
    served = [each for each in recording.of_type(_DEPLOYMENT) if _MODEL in _labels(each)]
    closed = {_namespace(policy) for policy in _closing(recording)}
    for deployment in served:
        if _namespace(deployment) not in closed:
            problem = "its replicas may be called by every pod: add a NetworkPolicy for all pods"
            yield Finding(rule=rule, resource=deployment.urn, problem=problem)
    namespaces = {_namespace(deployment) for deployment in served}
    for policy in recording.of_type(_POLICY):
        if _namespace(policy) in namespaces:
            for stranger in _strangers(policy):
                problem = f"lets {stranger} call replicas past the edge, its keys and its limits"
                yield Finding(rule=rule, resource=policy.urn, problem=problem)


def _closing(recording: Recording) -> Iterator[RecordedResource]:
    """Policies that refuse whoever they do not name, to every pod of a namespace."""
    for policy in recording.of_type(_POLICY):
        spec = mapping(policy.inputs.get("spec"))
        if not mapping(spec.get("podSelector")) and "Ingress" in items(spec.get("policyTypes")):
            yield policy


def _strangers(policy: RecordedResource) -> Iterator[str]:
    for rule in mappings(mapping(policy.inputs.get("spec")).get("ingress")):
        callers = list(mappings(rule.get("from")))
        if not callers:
            yield "everybody"
        for caller in callers:
            selector = mapping(caller.get("namespaceSelector"))
            if "ipBlock" in caller:
                yield str(mapping(caller.get("ipBlock")).get("cidr"))
            elif dict(mapping(selector.get("matchLabels"))) not in _LET_IN:
                yield f"pods of {_named(selector)}"


def _named(selector: Mapping[str, object]) -> str:
    labels = mapping(selector.get("matchLabels"))
    return ", ".join(f"{key}={value}" for key, value in labels.items()) or "any namespace"


def _labels(resource: RecordedResource) -> Mapping[str, object]:
    return mapping(mapping(resource.inputs.get("metadata")).get("labels"))


def _namespace(resource: RecordedResource) -> str:
    return str(mapping(resource.inputs.get("metadata")).get("namespace"))
