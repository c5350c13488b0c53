"""Who may do anything inside a cluster."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tokenfleet.plan.cluster import ClusterPlan


@dataclass(frozen=True, kw_only=True)
class AdministratorsArgs:
    """The cluster, and whom its plan names."""

    plan: ClusterPlan
    cluster_name: pulumi.Output[str]


class Administrators(pulumi.ComponentResource):
    """An access entry for each administrator, with the policy that makes it one."""

    def __init__(
        self, name: str, args: AdministratorsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:administrators:Administrators", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for admin, principal_arn in args.plan.admin_principals.items():
            entry = aws.eks.AccessEntry(
                f"{name}-{admin}",
                cluster_name=args.cluster_name,
                principal_arn=principal_arn,
                opts=child,
            )
            aws.eks.AccessPolicyAssociation(
                f"{name}-{admin}",
                cluster_name=args.cluster_name,
                principal_arn=entry.principal_arn,
                policy_arn=args.plan.admin_policy_arn,
                access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
                opts=child,
            )
        self.register_outputs({})
