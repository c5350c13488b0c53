"""Who may do what, and who may come in."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tokenfleet.policies.finding import Finding
from tokenfleet.policies.values import items, mapping, mappings, parsed, texts
from tokenfleet.recording.recorded import Recording


@dataclass(frozen=True, kw_only=True)
class Excuse:
    """Why these actions, and no others, may be allowed on every resource."""

    reason: str
    actions: frozenset[str]


EXCUSE_BY_SID: Mapping[str, Excuse] = {
    "DescribeGroups": Excuse(
        reason="Describe and Get actions of autoscaling and ec2 know no resource-level permissions"
        " (Service Authorization Reference)",
        actions=frozenset(
            {
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeWarmPool",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:GetInstanceTypesFromInstanceRequirements",
            }
        ),
    ),
    "OpenSessions": Excuse(
        reason="actions of ssmmessages know no resource-level permissions, and the agent registers"
        " its own instance (Systems Manager user guide, minimal Session Manager permissions)",
        actions=frozenset(
            {
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            }
        ),
    ),
    "LaunchAndEndOwnNodes": Excuse(
        reason="limited by condition to groups tagged for this cluster's capacity controller, and by"
        " name; their ARNs carry an id that is known only after the group exists",
        actions=frozenset(
            {
                "autoscaling:LaunchInstances",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
            }
        ),
    ),
    "DrawOnWarmPools": Excuse(
        reason="of single groups by name, and by condition of this cluster's capacity controller;"
        " their ARNs carry an id that is known only after the group exists",
        actions=frozenset({"autoscaling:SetDesiredCapacity"}),
    ),
    "CompleteOwnLaunch": Excuse(
        reason="of one group by name; its ARN carries an id that is known only after the group"
        " exists, and its template, which does not, comes first",
        actions=frozenset({"autoscaling:CompleteLifecycleAction"}),
    ),
    "LaunchOwnTemplates": Excuse(
        reason="limited by condition to launch templates tagged for this cluster's capacity"
        " controller; every new version of a pool's disks may bring another template",
        actions=frozenset({"ec2:CreateFleet"}),
    ),
    "CreateFleetOfTemplate": Excuse(
        reason="what a fleet is made of does not exist yet, and what it names the template names: a"
        " fleet without one is refused, and the template is limited (LaunchOwnTemplates)",
        actions=frozenset({"ec2:CreateFleet"}),
    ),
    "ScaleOwnGroups": Excuse(
        reason="limited by condition to groups tagged as owned by this cluster; their ARNs carry an"
        " id that is known only after the group exists",
        actions=frozenset(
            {
                "autoscaling:SetDesiredCapacity",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
            }
        ),
    ),
}
"""Statements that need every resource, by Sid. One that is not here is refused."""

# Services that say for whom they act, and with whose trust policies AWS documents to ask for it.
_NAME_THEIR_ACCOUNT = frozenset({"eks.amazonaws.com", "vpc-flow-logs.amazonaws.com"})

# arn:partition:service:region:account:name
_FIELDS_BEFORE_NAME = 5
_EVERYONE = frozenset({"0.0.0.0/0", "::/0"})
_LOAD_BALANCER = "service.beta.kubernetes.io/aws-load-balancer"


def no_unexplained_wildcards(recording: Recording) -> Iterator[Finding]:
    """No wildcard action, and no wildcard resource without a stated reason."""
    for resource in recording.resources:
        for statement in _statements(resource.inputs):
            if statement.get("Effect") != "Allow":
                continue
            sid = str(statement.get("Sid", ""))
            if wide := ", ".join(_too_wide(statement, EXCUSE_BY_SID.get(sid))):
                yield Finding(
                    rule="no-unexplained-wildcards",
                    resource=resource.urn,
                    problem=(
                        f"statement '{sid}' allows {wide}: narrow it, or state the reason under"
                        " its Sid in policies/access.py"
                    ),
                )


def _statements(inputs: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    inline = (entry.get("policy") for entry in mappings(inputs.get("inlinePolicies")))
    for document in (inputs.get("policy"), inputs.get("assumeRolePolicy"), *inline):
        statement = (parsed(document) or mapping(document)).get("Statement")
        yield from mappings(items(statement) or [statement])


def _too_wide(statement: Mapping[str, object], excuse: Excuse | None) -> Iterator[str]:
    yield from (key for key in ("NotAction", "NotResource") if key in statement)
    actions = texts(statement.get("Action"))
    yield from (action for action in actions if "*" in action or "?" in action)
    if excuse is None or not excuse.actions.issuperset(actions):
        yield from filter(_is_everything, texts(statement.get("Resource")))


def _is_everything(resource: str) -> bool:
    """Whether a resource names nothing: ``*``, a wildcard before the name, or for all of it.

    ``arn:aws:s3:::bucket/models/*`` names a bucket, ``arn:aws:iam::1:role/*`` no role.
    """
    *fields, name = resource.split(":", _FIELDS_BEFORE_NAME)
    if len(fields) < _FIELDS_BEFORE_NAME or any("*" in field for field in fields):
        return "*" in resource
    kind, _, named = name.replace(":", "/", 1).partition("/")
    # S3 has no kind before the name: "bucket/*" is one bucket's objects.
    return "*" in kind or (fields[2] != "s3" and named.startswith("*"))


def own_account_only(recording: Recording) -> Iterator[Finding]:
    """A service may use a role for this account, not for whoever asks the service."""
    for role in recording.of_type("aws:iam/role:Role"):
        for statement in mappings(parsed(role.inputs.get("assumeRolePolicy")).get("Statement")):
            services = {*texts(mapping(statement.get("Principal")).get("Service"))}
            conditions = mapping(mapping(statement.get("Condition")).get("StringEquals"))
            if services & _NAME_THEIR_ACCOUNT and not conditions.get("aws:SourceAccount"):
                yield Finding(
                    rule="own-account-only",
                    resource=role.urn,
                    problem=f"lets {', '.join(sorted(services))} act for any account: ask for"
                    " aws:SourceAccount",
                )


def no_public_ingress(recording: Recording) -> Iterator[Finding]:
    """Nothing accepts connections from everywhere but the declared edge."""
    for resource in recording.resources:
        openings = _OPENINGS_BY_TYPE.get(resource.type)
        for opening in openings(resource.inputs) if openings else ():
            yield Finding(rule="no-public-ingress", resource=resource.urn, problem=opening)


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
    internal = str(annotations.get(f"{_LOAD_BALANCER}-internal", "")).lower() == "true"
    default = "internal" if internal else "internet-facing"
    # Two controllers read two annotations: neither may make it public by itself.
    if annotations.get(f"{_LOAD_BALANCER}-scheme", default) != default:
        yield "is internet-facing to one of two controllers, and internal to the other"
    elif not internal and not annotations.get(f"{_LOAD_BALANCER}-ssl-cert"):
        yield "is an internet-facing load balancer without a certificate: keys would cross in clear"
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
