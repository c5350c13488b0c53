"""Who may do what, and who may come in."""

from collections.abc import Callable, Iterator, Mapping

from policies.finding import Finding
from policies.values import items, mapping, mappings, parsed, texts
from tokenfleet.preview.recording import Recording

REASON_BY_SID: Mapping[str, str] = {
    "DescribeGroups": "Describe and Get actions of autoscaling and ec2 know no resource-level"
    " permissions (Service Authorization Reference)",
    "ScaleOwnGroups": "limited by condition to groups tagged as owned by this cluster; their ARNs"
    " carry an id that is known only after the group exists",
}
"""Why a statement needs a wildcard, by its Sid. A statement that is not here is refused."""

_POLICY_INPUTS = ("policy", "assumeRolePolicy", "inlinePolicies")
_EVERYONE = frozenset({"0.0.0.0/0", "::/0"})
_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"


def no_unexplained_wildcards(recording: Recording) -> Iterator[Finding]:
    """No wildcard action and no wildcard resource without a stated reason."""
    for resource in recording.resources:
        for field in _POLICY_INPUTS:
            for statement in _statements(resource.inputs.get(field)):
                sid = str(statement.get("Sid", ""))
                if statement.get("Effect") != "Allow" or sid in REASON_BY_SID:
                    continue
                wide = [
                    text
                    for text in (*texts(statement.get("Action")), *texts(statement.get("Resource")))
                    if text == "*" or (":" in text and text.split(":", 1)[1].startswith("*"))
                ]
                if wide:
                    yield Finding(
                        rule="no-unexplained-wildcards",
                        resource=resource.urn,
                        problem=(
                            f"statement '{sid}' allows {', '.join(wide)}: narrow it, or state the"
                            " reason under its Sid in policies/access.py"
                        ),
                    )


def no_public_ingress(recording: Recording) -> Iterator[Finding]:
    """Nothing accepts connections from everywhere but the declared edge."""
    for resource in recording.resources:
        openings = _OPENINGS_BY_TYPE.get(resource.type)
        for opening in openings(resource.inputs) if openings else ():
            yield Finding(rule="no-public-ingress", resource=resource.urn, problem=opening)


def _statements(document: object) -> Iterator[Mapping[str, object]]:
    statement = parsed(document).get("Statement")
    return mappings(items(statement) or [statement])


def _group_openings(inputs: Mapping[str, object]) -> Iterator[str]:
    for rule in mappings(inputs.get("ingress")):
        if _EVERYONE & {*texts(rule.get("cidrBlocks")), *texts(rule.get("ipv6CidrBlocks"))}:
            yield "has an ingress rule open to everyone"


def _group_rule_openings(inputs: Mapping[str, object]) -> Iterator[str]:
    open_to = {*texts(inputs.get("cidrBlocks")), *texts(inputs.get("ipv6CidrBlocks"))}
    if inputs.get("type") == "ingress" and _EVERYONE & open_to:
        yield "is open to everyone"


def _ingress_rule_openings(inputs: Mapping[str, object]) -> Iterator[str]:
    if _EVERYONE & {str(inputs.get("cidrIpv4")), str(inputs.get("cidrIpv6"))}:
        yield "is open to everyone"


def _subnet_openings(inputs: Mapping[str, object]) -> Iterator[str]:
    if inputs.get("mapPublicIpOnLaunch"):
        yield "gives every instance a public address"


def _template_openings(inputs: Mapping[str, object]) -> Iterator[str]:
    for interface in mappings(inputs.get("networkInterfaces")):
        if str(interface.get("associatePublicIpAddress")).lower() == "true":
            yield "gives its nodes public addresses"


def _cluster_openings(inputs: Mapping[str, object]) -> Iterator[str]:
    vpc = mapping(inputs.get("vpcConfig"))
    # The API's default when no range is given is everyone.
    ranges = set(texts(vpc.get("publicAccessCidrs"))) or _EVERYONE
    if vpc.get("endpointPublicAccess", True) and _EVERYONE & ranges:
        yield "opens the Kubernetes API to everyone"


def _service_openings(inputs: Mapping[str, object]) -> Iterator[str]:
    spec = mapping(inputs.get("spec"))
    if spec.get("type") == "NodePort":
        yield "opens a port on every node"
    if spec.get("type") != "LoadBalancer":
        return
    annotations = mapping(mapping(inputs.get("metadata")).get("annotations"))
    if str(annotations.get(_INTERNAL, "")).lower() != "true":
        yield "is an internet-facing load balancer"
    ranges = [str(entry) for entry in items(spec.get("loadBalancerSourceRanges"))]
    if not ranges or _EVERYONE & set(ranges):
        yield "accepts callers from every address: set loadBalancerSourceRanges"


_OPENINGS_BY_TYPE: Mapping[str, Callable[[Mapping[str, object]], Iterator[str]]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": _template_openings,
    "aws:ec2/securityGroup:SecurityGroup": _group_openings,
    "aws:ec2/securityGroupRule:SecurityGroupRule": _group_rule_openings,
    "aws:ec2/subnet:Subnet": _subnet_openings,
    "aws:eks/cluster:Cluster": _cluster_openings,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ingress_rule_openings,
    "kubernetes:core/v1:Service": _service_openings,
}
