"""What one Kubernetes service account may do in AWS."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tokenfleet.plan.iam import ServiceAccountPlan, pod_identity_trust


@dataclass(frozen=True, kw_only=True)
class PodIdentityArgs:
    """The account, its cluster, and its permissions as a policy document (JSON)."""

    account: ServiceAccountPlan
    cluster_name: str
    policy: pulumi.Input[str]


class PodIdentity(pulumi.ComponentResource):
    """A role that only this service account of this cluster can assume, and the association."""

    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: PodIdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:pod_identity:PodIdentity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=pod_identity_trust(args.account, args.cluster_name),
            opts=child,
        )
        permissions = aws.iam.RolePolicy(
            f"{name}-policy", role=role.name, policy=args.policy, opts=child
        )
        aws.eks.PodIdentityAssociation(
            f"{name}-association",
            cluster_name=args.cluster_name,
            namespace=args.account.namespace,
            service_account=args.account.service_account,
            role_arn=role.arn,
            # A pod that starts in between would be refused for as long as it caches that.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )
        self.role_arn = role.arn
        self.register_outputs({"roleArn": self.role_arn})
