"""An EKS control plane, whatever must be there before a node joins, and a way to talk to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from tokenfleet.components.administrators import Administrators, AdministratorsArgs
from tokenfleet.components.eks_addon import eks_addon
from tokenfleet.components.identities import Identities, IdentitiesArgs
from tokenfleet.components.join import Join
from tokenfleet.components.kubeconfig import kubeconfig
from tokenfleet.components.model_store import ModelStore
from tokenfleet.components.notices import Notices
from tokenfleet.plan.cluster import ClusterPlan
from tokenfleet.plan.iam import (
    CLUSTER_POLICIES,
    CNI,
    CNI_POLICY,
    managed_policy_arn,
    pod_identity_trust,
    service_trust,
)

_RECOVERY_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """What to build, the private subnets by zone, the models that pods may read.

    ``notices``: where the capacity controller hears notices, or nothing where there is none.
    """

    plan: ClusterPlan
    subnets: Mapping[str, pulumi.Input[str]]
    store: ModelStore
    notices: Sequence[Notices] = ()


class Cluster(pulumi.ComponentResource):
    """The control plane.

    Its own add-ons start only after this component (``bootstrap_self_managed_addons`` is
    off), so that the VPC CNI acts with a role of its own instead of the node's. Only the
    planned administrators may act inside, and whoever deploys must be one of them.
    """

    name: pulumi.Output[str]
    join: Join
    kubernetes_provider: kubernetes.Provider

    def __init__(
        self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:cluster:Cluster", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        cluster = self._control_plane()
        self.name = cluster.name
        self.join = Join(
            cluster_name=cluster.name,
            endpoint=cluster.endpoint,
            certificate_authority=cluster.certificate_authority.data,
            security_group_id=cluster.vpc_config.cluster_security_group_id,
            service_cidr=str(args.plan.service_cidr),
            partition=args.plan.partition,
            region=args.plan.region,
            node_policies=args.plan.node_policies,
        )
        administrators = Administrators(
            f"{name}-admin",
            AdministratorsArgs(plan=args.plan, cluster_name=cluster.name),
            opts=self._child,
        )
        self._node_addons()
        Identities(
            f"{name}-identities",
            IdentitiesArgs(
                plan=args.plan.identities,
                cluster_name=args.plan.name,
                store=args.store,
                queue_arn=next((notices.queue_arn for notices in args.notices), None),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[cluster]),
        )
        self.kubernetes_provider = kubernetes.Provider(
            f"{name}-kubernetes",
            # Known before the cluster is: without it a changed endpoint would replace the
            # provider and with it every object.
            cluster_identifier=args.plan.name,
            kubeconfig=kubeconfig(
                self.name, self.join.endpoint, self.join.certificate_authority, args.plan.region
            ),
            enable_server_side_apply=True,
            # Objects inside are an administrator's to create, and to delete.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[administrators]),
        )
        self.register_outputs({"name": self.name, "endpoint": self.join.endpoint})

    def _control_plane(self) -> aws.eks.Cluster:
        plan = self._args.plan
        key = aws.kms.Key(
            f"{self._name}-secrets",
            description=f"Kubernetes secrets of {plan.name}",
            enable_key_rotation=True,
            deletion_window_in_days=_RECOVERY_DAYS,
            opts=self._child,
        )
        role = aws.iam.Role(
            f"{self._name}-role",
            assume_role_policy=key.arn.apply(lambda arn: service_trust("eks.amazonaws.com", arn)),
            opts=self._child,
        )
        attachments = [
            aws.iam.RolePolicyAttachment(
                f"{self._name}-{policy}",
                role=role.name,
                policy_arn=managed_policy_arn(self._args.plan.partition, policy),
                opts=self._child,
            )
            for policy in CLUSTER_POLICIES
        ]
        # EKS would create it without retention at the first log line. It is deleted with the stack:
        # one that is kept would stop every later `up`, where one that late log lines bring back
        # stops some (docs/destroy.md has the command).
        logs = aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=f"/aws/eks/{plan.name}/cluster",
            retention_in_days=plan.log_retention_days,
            opts=self._child,
        )
        return aws.eks.Cluster(
            f"{self._name}-control-plane",
            name=plan.name,
            version=plan.kubernetes_version,
            role_arn=role.arn,
            bootstrap_self_managed_addons=False,
            access_config=aws.eks.ClusterAccessConfigArgs(
                # The creator would get an entry of its own, and a second one for an administrator
                # who deploys ends in a 409 (pulumi/pulumi-eks#2373).
                authentication_mode="API",
                bootstrap_cluster_creator_admin_permissions=False,
            ),
            vpc_config=aws.eks.ClusterVpcConfigArgs(
                subnet_ids=[self._args.subnets[zone] for zone in plan.zones],
                endpoint_private_access=True,
                endpoint_public_access=bool(plan.public_access_cidrs),
                public_access_cidrs=[str(cidr) for cidr in plan.public_access_cidrs] or None,
            ),
            kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(
                ip_family="ipv4", service_ipv4_cidr=str(plan.service_cidr)
            ),
            encryption_config=aws.eks.ClusterEncryptionConfigArgs(
                provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=key.arn),
                resources=["secrets"],
            ),
            enabled_cluster_log_types=list(plan.log_types),
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            deletion_protection=plan.deletion_protection,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*attachments, logs]),
        )

    def _node_addons(self) -> None:
        role = aws.iam.Role(
            f"{self._name}-{CNI.role}",
            assume_role_policy=pod_identity_trust(CNI, self._args.plan.name),
            opts=self._child,
        )
        attachment = aws.iam.RolePolicyAttachment(
            f"{self._name}-{CNI.role}",
            role=role.name,
            policy_arn=managed_policy_arn(self._args.plan.partition, CNI_POLICY),
            opts=self._child,
        )
        identity = aws.eks.AddonPodIdentityAssociationArgs(
            role_arn=role.arn, service_account=CNI.service_account
        )
        for addon, configuration in self._args.plan.node_addons.items():
            eks_addon(
                self._name,
                addon,
                configuration,
                cluster_name=self.name,
                identities=[identity] if addon == "vpc-cni" else None,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment]),
            )
