"""Mistakes in who may do what, and who may come in."""

import json
from collections.abc import Callable, Mapping

import pytest

from tests.policies.planting import (
    Plant,
    Planted,
    added,
    assert_reported_alone,
    changed,
    edited,
    reported,
)
from tokenfleet.recording.recorded import Recording

POLICY = ":RolePolicy::*model-reader-policy"
ROLE = ":Role::*-graviton4-node"
CLUSTER_ROLE = ":Role::*-cluster-role"
BUCKET_POLICY = ":BucketPolicy::*"
GROUP = ":SecurityGroup::*"
RULE = ":SecurityGroupIngressRule::*"
SUBNET = ":Subnet::*-private-*"
TEMPLATE = ":LaunchTemplate::*-graviton4-spot-local-template"
CLUSTER = "aws:eks/cluster:Cluster::*"
SERVICE = ":Service::*-service-edge"
ANNOTATIONS = ("metadata", "annotations")
INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
CERTIFICATE = "service.beta.kubernetes.io/aws-load-balancer-ssl-cert"
OBJECTS = "arn:aws:s3:::models/*"


def document(**statement: object) -> str:
    """A policy of one statement, which allows reading the objects of a bucket unless changed."""
    reading = {"Sid": "Planted", "Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECTS}
    return json.dumps({"Version": "2012-10-17", "Statement": [reading | statement]})


def with_statement(**statement: object) -> Callable[[str], str]:
    """The policy that is there, and one more statement."""

    def edit(policy: str) -> str:
        found = json.loads(policy)
        found["Statement"] += json.loads(document(**statement))["Statement"]
        return json.dumps(found)

    return edit


def wildcard(pattern: str, text: str, says: str, field: str = "policy") -> Planted:
    """A policy that allows too much."""
    return Planted(
        plant=changed(pattern, field, to=text),
        rule="no-unexplained-wildcards",
        on=pattern,
        says=says,
    )


def trust(*services: str) -> str:
    """A trust policy that asks for no account."""
    principal = {"Service": services[0] if len(services) == 1 else list(services)}
    return json.dumps(
        {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
    )


def opening(plant: Plant, on: str, says: str) -> Planted:
    """A way in for everyone."""
    return Planted(plant=plant, rule="no-public-ingress", on=on, says=says)


ONE_MAPPING = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": OBJECTS}})
SECOND_OF_TWO = json.dumps(
    {
        "Statement": [
            {"Effect": "Deny", "Action": "*", "Resource": "*"},
            {"Sid": "Second", "Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"},
        ]
    }
)

MISTAKES: Mapping[str, Planted] = {
    "control plane that acts for anybody": Planted(
        plant=changed(CLUSTER_ROLE, "assumeRolePolicy", to=trust("eks.amazonaws.com")),
        rule="own-account-only",
        on=CLUSTER_ROLE,
        says="aws:SourceAccount",
    ),
    "flow logs among services that act for anybody": Planted(
        plant=changed(
            CLUSTER_ROLE,
            "assumeRolePolicy",
            to=trust("ec2.amazonaws.com", "vpc-flow-logs.amazonaws.com"),
        ),
        rule="own-account-only",
        on=CLUSTER_ROLE,
        says="vpc-flow-logs",
    ),
    "load balancer that one of two controllers would open": opening(
        changed(SERVICE, *ANNOTATIONS, SCHEME, to="internet-facing"),
        SERVICE,
        "one of two controllers",
    ),
    "every action as text": wildcard(POLICY, document(Action="*"), "allows *"),
    "every action in a list": wildcard(POLICY, document(Action=["s3:GetObject", "*"]), "allows *"),
    "every action of a service": wildcard(POLICY, document(Action="s3:*"), "allows s3:*"),
    "every action of a service in a list": wildcard(POLICY, document(Action=["s3:*"]), "s3:*"),
    "every resource as text": wildcard(POLICY, document(Resource="*"), "allows *"),
    "every resource in a list": wildcard(POLICY, document(Resource=[OBJECTS, "*"]), "allows *"),
    "every resource under an unknown Sid": wildcard(
        POLICY, document(Sid="DescribeGroup", Resource="*"), "'DescribeGroup'"
    ),
    "every resource without a Sid": wildcard(
        POLICY, json.dumps({"Statement": [{"Effect": "Allow", "Resource": "*"}]}), "statement ''"
    ),
    "every bucket": wildcard(POLICY, document(Resource="arn:aws:s3:::*"), "arn:aws:s3:::*"),
    "every role": wildcard(POLICY, document(Resource="arn:aws:iam::1:role/*"), "role/*"),
    "every region": wildcard(POLICY, document(Resource="arn:aws:sqs:*:1:queue"), "sqs:*"),
    "everything in a partition": wildcard(POLICY, document(Resource="arn:aws:*"), "arn:aws:*"),
    "wildcard inside an action": wildcard(POLICY, document(Action="iam:Pass*"), "iam:Pass*"),
    "every action but some": wildcard(POLICY, document(NotAction="s3:Put"), "NotAction"),
    "every resource but some": wildcard(POLICY, document(NotResource=OBJECTS), "NotResource"),
    "another action under an excused Sid": wildcard(
        POLICY, document(Sid="DescribeGroups", Action="iam:PassRole", Resource="*"), "allows *"
    ),
    "every action under an excused Sid": wildcard(
        POLICY, document(Sid="DescribeGroups", Action="*"), "allows *"
    ),
    "a policy inside a role": Planted(
        plant=changed(ROLE, "inlinePolicies", to=[{"name": "x", "policy": document(Action="*")}]),
        rule="no-unexplained-wildcards",
        on=ROLE,
        says="allows *",
    ),
    "a lone statement instead of a list": wildcard(POLICY, ONE_MAPPING, "allows *"),
    "the second of two statements": wildcard(POLICY, SECOND_OF_TWO, "'Second'"),
    "a role that anyone may do anything with": wildcard(
        ROLE, document(Action="sts:*"), "sts:*", field="assumeRolePolicy"
    ),
    "a bucket open to every action": Planted(
        plant=edited(BUCKET_POLICY, ("policy",), with_statement(Action="s3:*")),
        rule="no-unexplained-wildcards",
        on=BUCKET_POLICY,
        says="s3:*",
    ),
    "security group with a public range": opening(
        changed(GROUP, "ingress", to=[{"cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}]),
        GROUP,
        "ingress rule open to everyone",
    ),
    "security group with a public IPv6 range": opening(
        changed(GROUP, "ingress", to=[{"ipv6CidrBlocks": ["::/0"]}]),
        GROUP,
        "ingress rule open to everyone",
    ),
    "ingress rule open to everyone": opening(
        changed(RULE, "cidrIpv4", to="0.0.0.0/0"), RULE, "is open to everyone"
    ),
    "ingress rule open to all of IPv6": opening(
        changed(RULE, "cidrIpv6", to="::/0"), RULE, "is open to everyone"
    ),
    "old-style ingress rule open to everyone": opening(
        added(
            "aws:ec2/securityGroupRule:SecurityGroupRule", type="ingress", cidrBlocks=["0.0.0.0/0"]
        ),
        "::planted",
        "is open to everyone",
    ),
    "subnet that hands out public addresses": opening(
        changed(SUBNET, "mapPublicIpOnLaunch", to=True), SUBNET, "a public address"
    ),
    "nodes with public addresses": opening(
        changed(TEMPLATE, "networkInterfaces", 0, "associatePublicIpAddress", to="true"),
        TEMPLATE,
        "public addresses",
    ),
    "Kubernetes API open to everyone": opening(
        changed(CLUSTER, "vpcConfig", "publicAccessCidrs", to=["203.0.113.0/24", "0.0.0.0/0"]),
        CLUSTER,
        "Kubernetes API",
    ),
    "Kubernetes API without ranges": opening(
        changed(CLUSTER, "vpcConfig", "publicAccessCidrs", to=...), CLUSTER, "Kubernetes API"
    ),
    "cluster that leaves access to the default": opening(
        changed(CLUSTER, "vpcConfig", to={"subnetIds": []}), CLUSTER, "Kubernetes API"
    ),
    "load balancer that the other one would open": opening(
        changed(SERVICE, *ANNOTATIONS, INTERNAL, to=...), SERVICE, "one of two controllers"
    ),
    "load balancer said not to be internal": opening(
        changed(SERVICE, *ANNOTATIONS, INTERNAL, to="false"), SERVICE, "one of two controllers"
    ),
    "load balancer on the internet without a certificate": opening(
        changed(SERVICE, *ANNOTATIONS, to={SCHEME: "internet-facing"}), SERVICE, "in clear"
    ),
    "load balancer for every caller": opening(
        changed(SERVICE, "spec", "loadBalancerSourceRanges", to=["0.0.0.0/0"]),
        SERVICE,
        "every address",
    ),
    "load balancer without ranges of callers": opening(
        changed(SERVICE, "spec", "loadBalancerSourceRanges", to=...), SERVICE, "every address"
    ),
    "port on every node": opening(
        changed(SERVICE, "spec", "type", to="NodePort"), SERVICE, "a port on every node"
    ),
}

HARMLESS: Mapping[str, Plant] = {
    "refusing everything": changed(POLICY, "policy", to=document(Effect="Deny", Action="*")),
    "a path below one bucket": changed(POLICY, "policy", to=document(Resource=[OBJECTS])),
    "a policy that is not known yet": changed(POLICY, "policy", to="<known after deployment>"),
    "egress to everywhere": changed(GROUP, "egress", to=[{"cidrBlocks": ["0.0.0.0/0"]}]),
    "old-style egress to everywhere": added(
        "aws:ec2/securityGroupRule:SecurityGroupRule", type="egress", cidrBlocks=["0.0.0.0/0"]
    ),
    "old-style ingress from inside": added(
        "aws:ec2/securityGroupRule:SecurityGroupRule", type="ingress", cidrBlocks=["10.0.0.0/8"]
    ),
    "Kubernetes API without a public endpoint": changed(
        CLUSTER, "vpcConfig", to={"endpointPublicAccess": False}
    ),
    "load balancer on the internet with a certificate, for some": changed(
        SERVICE, *ANNOTATIONS, to={SCHEME: "internet-facing", CERTIFICATE: "arn:aws:acm:1"}
    ),
    "service inside the cluster": changed(SERVICE, "spec", to={"type": "ClusterIP"}),
}


@pytest.mark.parametrize("planted", [pytest.param(row, id=name) for name, row in MISTAKES.items()])
def test_every_way_in_is_reported_by_its_rule_alone(prod: Recording, planted: Planted) -> None:
    assert_reported_alone(prod, planted)


@pytest.mark.parametrize("plant", [pytest.param(row, id=name) for name, row in HARMLESS.items()])
def test_what_opens_nothing_is_not_reported(prod: Recording, plant: Plant) -> None:
    assert reported(plant(prod)) == []
