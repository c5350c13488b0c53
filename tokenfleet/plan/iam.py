"""IAM: identities, who may assume them, and how a permission is written (``plan.permissions``)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One permission. A wildcard resource needs its ``sid`` in ``policies/access.py``."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    condition: Mapping[str, Mapping[str, str]] | None = None


@dataclass(frozen=True, kw_only=True)
class ServiceAccountPlan:
    """A Kubernetes service account that acts in AWS through EKS Pod Identity.

    ``sized_groups``: Auto Scaling groups whose desired size it may set, by physical name.
    """

    role: str
    namespace: str
    service_account: str
    sized_groups: tuple[str, ...] = ()


NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
"""AWS managed policies of every node role; the VPC CNI has a role of its own."""

CLUSTER_POLICIES = ("AmazonEKSClusterPolicy",)
CNI_POLICY = "AmazonEKS_CNI_Policy"

CNI = ServiceAccountPlan(role="cni", namespace="kube-system", service_account="aws-node")
AUTOSCALER = ServiceAccountPlan(
    role="autoscaler", namespace="kube-system", service_account="cluster-autoscaler"
)
MODEL_READER = ServiceAccountPlan(role="model-reader", namespace="serving", service_account="vllm")
CAPACITY = ServiceAccountPlan(
    role="capacity", namespace="capacity", service_account="capacity-controller"
)
COMPILER = ServiceAccountPlan(role="compiler", namespace="serving", service_account="compiler")


def managed_policy_arn(partition: str, name: str) -> str:
    """The ARN of an AWS managed policy."""
    return f"arn:{partition}:iam::aws:policy/{name}"


def service_trust(service: str, own_arn: str) -> str:
    """Trust policy (JSON) of a role that an AWS service assumes for this account alone.

    ``own_arn`` is that of anything in the account (arn:partition:service:region:account:resource).
    EKS and VPC flow logs say for whom they act (EKS user guide, "Cross-service confused deputy
    prevention", 2025-08-19; VPC user guide, "IAM role for publishing flow logs").
    """
    return _document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": own_arn.split(":")[4]}},
            }
        ]
    )


def instance_trust() -> str:
    """Trust policy (JSON) of a role that instances assume.

    Without an account: nothing documents that EC2 names one here, and an instance profile only
    ever serves instances of its own account.
    """
    return _document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ]
    )


def pod_identity_trust(account: ServiceAccountPlan, cluster_name: str) -> str:
    """Trust policy (JSON) for one service account of one cluster.

    Conditions as in the EKS user guide, "Create IAM role with trust policy required by EKS
    Pod Identity" (2026): the agent sends these tags with every request.
    """
    return _document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {
                    "StringEquals": {
                        "aws:RequestTag/eks-cluster-name": cluster_name,
                        "aws:RequestTag/kubernetes-namespace": account.namespace,
                        "aws:RequestTag/kubernetes-service-account": account.service_account,
                    }
                },
            }
        ]
    )


def policy(statements: Sequence[Statement]) -> str:
    """A permission policy (JSON)."""
    return _document(
        [
            {
                "Sid": statement.sid,
                "Effect": "Allow",
                "Action": list(statement.actions),
                "Resource": list(statement.resources),
                **({"Condition": statement.condition} if statement.condition else {}),
            }
            for statement in statements
        ]
    )


def _document(statements: Sequence[Mapping[str, object]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
