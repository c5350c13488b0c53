"""The nodes of one pool: a role, and a launch template and Auto Scaling group for each tier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pulumi
import pulumi_aws as aws

from tokenfleet.components.join import Join
from tokenfleet.components.model_store import ModelStore
from tokenfleet.components.node_group import NodeGroup, NodeGroupArgs
from tokenfleet.plan.iam import NODE_POLICIES, instance_trust, managed_policy_arn
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.permissions import model_reader_policy, warm_node_policy


@dataclass(frozen=True, kw_only=True)
class PoolArgs:
    """The groups to build, the cluster their nodes join, the private subnets by zone, the models."""

    groups: Sequence[NodeGroupPlan]
    join: Join
    subnets: Mapping[str, pulumi.Input[str]]
    store: ModelStore


class Pool(pulumi.ComponentResource):
    """Nodes of one kind.

    The role may pull images, join the cluster, read published models and, beside a warm pool, say
    that a node is ready, and what the stack file lets every node do, nothing else: pods have
    identities of their own, and the VPC CNI too.
    """

    group_names: Sequence[pulumi.Output[str]]
    role_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: PoolArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:pool:Pool", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(f"{name}-node", assume_role_policy=instance_trust(), opts=child)
        permissions: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}",
                role=role.name,
                policy_arn=managed_policy_arn(args.join.partition, policy),
                opts=child,
            )
            for policy in NODE_POLICIES
        ]
        # System nodes serve no model, and may not read any.
        if any(plan.fetches_models for plan in args.groups):
            permissions.append(
                aws.iam.RolePolicy(
                    f"{name}-models",
                    role=role.name,
                    policy=args.store.bucket_arn.apply(model_reader_policy),
                    opts=child,
                )
            )
        permissions += [
            aws.iam.RolePolicy(
                f"{name}-{plan.role}-warm",
                role=role.name,
                policy=role.arn.apply(
                    partial(
                        warm_node_policy,
                        plan.warm_pool.boot.cluster_name,
                        plan.physical_name,
                        args.join.region,
                    )
                ),
                opts=child,
            )
            for plan in args.groups
            if plan.warm_pool
        ]
        permissions += [
            aws.iam.RolePolicy(f"{name}-{may}", role=role.name, policy=policy, opts=child)
            for may, policy in args.join.node_policies.items()
        ]
        profile = aws.iam.InstanceProfile(f"{name}-node", role=role.name, opts=child)
        permissions.append(
            aws.eks.AccessEntry(
                f"{name}-node",
                cluster_name=args.join.cluster_name,
                principal_arn=role.arn,
                type="EC2_LINUX",
                opts=child,
            )
        )
        groups = [
            NodeGroup(
                f"{name}-{plan.role}",
                NodeGroupArgs(
                    plan=plan,
                    instance_profile_arn=profile.arn,
                    join=args.join,
                    subnet_ids=[args.subnets[zone] for zone in plan.zones],
                    store_url=args.store.url,
                ),
                # A node that boots before it may join gives up and stays as a cost.
                opts=pulumi.ResourceOptions(parent=self, depends_on=permissions),
            )
            for plan in args.groups
        ]
        self.group_names = [group.name for group in groups]
        self.role_name = role.name
        self.register_outputs({"groupNames": self.group_names, "roleName": self.role_name})
