"""What pods may do in AWS: a role and an association for each service account."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from tokenfleet.components.model_store import ModelStore
from tokenfleet.components.pod_identity import PodIdentity, PodIdentityArgs
from tokenfleet.plan.iam import ServiceAccountPlan, permissions


@dataclass(frozen=True, kw_only=True)
class IdentitiesArgs:
    """The service accounts of a cluster that exists, and the models that some of them read."""

    plan: Sequence[ServiceAccountPlan]
    cluster_name: str
    store: ModelStore


class Identities(pulumi.ComponentResource):
    """Every Pod Identity of a cluster.

    Credentials are injected when a pod is admitted and never later, and an association takes
    seconds to be seen (aws/amazon-eks-pod-identity-webhook#264). So all of them are made right
    after the cluster, minutes before there is a node that a pod could run on.
    """

    def __init__(
        self, name: str, args: IdentitiesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:identities:Identities", name, None, opts)
        for account in args.plan:
            PodIdentity(
                f"{name}-{account.role}",
                PodIdentityArgs(
                    account=account,
                    cluster_name=args.cluster_name,
                    policy=args.store.bucket_arn.apply(
                        lambda arn, role=account.role: permissions(role, args.cluster_name, arn)
                    ),
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
