"""What pods may do in AWS: a role and an association for each service account."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from tokenfleet.components.model_store import ModelStore
from tokenfleet.components.pod_identity import PodIdentity, PodIdentityArgs
from tokenfleet.plan.iam import ServiceAccountPlan
from tokenfleet.plan.permissions import permissions


@dataclass(frozen=True, kw_only=True)
class IdentitiesArgs:
    """The service accounts of a cluster that exists, the models that some of them read.

    And the ARN of the queue of notices, where one of them hears those.
    """

    plan: Sequence[ServiceAccountPlan]
    cluster_name: str
    store: ModelStore
    queue_arn: pulumi.Input[str] | None = None


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
        resources = pulumi.Output.all(args.store.bucket_arn, args.queue_arn)
        for account in args.plan:
            PodIdentity(
                f"{name}-{account.role}",
                PodIdentityArgs(
                    account=account,
                    cluster_name=args.cluster_name,
                    policy=resources.apply(
                        lambda arns, account=account: permissions(account, args.cluster_name, *arns)
                    ),
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
