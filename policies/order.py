"""What must exist before what on the way up, which is what must outlive what on the way down."""

from collections.abc import Iterator, Mapping, Sequence

from tokenfleet.policies.finding import Finding
from tokenfleet.policies.values import mapping, mappings, pod_spec
from tokenfleet.recording.recorded import RecordedResource, Recording

_ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_WORKLOADS = ("kubernetes:apps/", "kubernetes:batch/")

# By type: what every one of these stands on, of which every one is meant.
_FOUNDATIONS: Mapping[str, Sequence[str]] = {
    # A VPC without a gateway takes neither (hashicorp/terraform-provider-aws#709).
    "aws:ec2/eip:Eip": ["aws:ec2/internetGateway:InternetGateway"],
    "aws:ec2/natGateway:NatGateway": ["aws:ec2/internetGateway:InternetGateway"],
    # Nodes without a way out neither join nor drain, and nothing deletes their load balancers.
    "aws:eks/cluster:Cluster": [
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ],
    # Credentials are injected when a pod is admitted and never later
    # (aws/amazon-eks-pod-identity-webhook#264).
    "aws:autoscaling/group:Group": [
        "aws:eks/cluster:Cluster",
        _ASSOCIATION,
        # An image that is asked for before its cache is there is not found.
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
        "aws:ecr/repository:Repository",
        # A node that is there before goes without notice.
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:sqs/queuePolicy:QueuePolicy",
    ],
    # Objects inside are an administrator's to create and to delete.
    "pulumi:providers:kubernetes": ["aws:eks/accessPolicyAssociation:AccessPolicyAssociation"],
}
# Namespace and service account of the pods that call AWS.
_CALLERS = frozenset(
    {
        ("kube-system", "cluster-autoscaler"),
        ("capacity", "capacity-controller"),
        ("serving", "vllm"),
        ("serving", "compiler"),
    }
)


def foundations_first(recording: Recording) -> Iterator[Finding]:
    """What others stand on is there before them, and goes after them."""
    for above, foundations in _FOUNDATIONS.items():
        for resource in recording.of_type(above):
            reached = later_than(recording, resource.urn)
            missing = [
                below.name
                for foundation in foundations
                for below in recording.of_type(foundation)
                if below.urn not in reached
            ]
            if missing:
                yield Finding(
                    rule="foundations-first",
                    resource=resource.urn,
                    problem=f"does not wait for {', '.join(missing)}, so may outlive it too",
                )


def identities_first(recording: Recording) -> Iterator[Finding]:
    """Pods that call AWS start after their service account has an identity there."""
    associations = {
        (str(a.inputs.get("namespace")), str(a.inputs.get("serviceAccount"))): a.urn
        for a in recording.of_type(_ASSOCIATION)
    }
    for resource in recording.resources:
        for account in sorted(_accounts(resource)):
            association = associations.get(account)
            if association is None and account in _CALLERS:
                problem = "has no identity in AWS: make a Pod Identity association"
            elif association and association not in later_than(recording, resource.urn):
                problem = "may start before its identity in AWS is there"
            else:
                continue
            yield Finding(
                rule="identities-first",
                resource=resource.urn,
                problem=f"service account {'/'.join(account)} {problem}",
            )


def _accounts(resource: RecordedResource) -> frozenset[tuple[str, str]]:
    """Namespace and name of the service accounts that pods of a workload or chart run as."""
    if resource.type == _RELEASE:
        namespace = str(resource.inputs.get("namespace"))
        names = _named_accounts(resource.inputs.get("values"))
    elif resource.type.startswith(_WORKLOADS):
        namespace = str(mapping(resource.inputs.get("metadata")).get("namespace"))
        names = iter([str(pod_spec(resource.inputs).get("serviceAccountName"))])
    else:
        return frozenset()
    return frozenset((namespace, name) for name in names)


def _named_accounts(values: object) -> Iterator[str]:
    """Every ``serviceAccount.name`` among the values of a chart, wherever it stands."""
    for key, value in mapping(values).items():
        if key == "serviceAccount":
            yield str(mapping(value).get("name"))
        yield from _named_accounts(value)
    for value in mappings(values):
        yield from _named_accounts(value)


def later_than(recording: Recording, urn: str) -> frozenset[str]:
    """What must exist before ``urn`` and goes only after it: dependencies, parent, provider, theirs.

    As the engine orders steps; a dependency on a component is one on all its children, which
    the recorded request spells out.
    """
    edges = {r.urn: {*r.dependencies, r.parent, r.provider} for r in recording.resources}
    reached: set[str] = set()
    waiting = [urn]
    while waiting:
        for below in edges.get(waiting.pop(), set()) - reached:
            reached.add(below)
            waiting.append(below)
    return frozenset(reached)
