"""An Auto Scaling group and the launch templates it uses, one for each kind of disks."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tokenfleet.components.image import image_id
from tokenfleet.components.join import Join
from tokenfleet.components.launch_template import launch_template
from tokenfleet.plan.nodes.groups import NodeGroupPlan
from tokenfleet.plan.nodes.warm_pool import WarmPoolPlan

_LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
# What becomes of a launch that nobody completes. ABANDON would end a node that serves because a call
# failed, and launch one after the other where none gets ready; a node that is stopped half ready
# fetches the rest when it serves.
_UNCOMPLETED = "CONTINUE"


@dataclass(frozen=True, kw_only=True)
class NodeGroupArgs:
    """The group to build and what its nodes must know of the cluster."""

    plan: NodeGroupPlan
    instance_profile_arn: pulumi.Input[str]
    join: Join
    subnet_ids: Sequence[pulumi.Input[str]]
    store_url: pulumi.Input[str]


class NodeGroup(pulumi.ComponentResource):
    """The nodes of one tier.

    A changed template reaches new nodes only: there is no instance refresh, because that
    ends nodes without draining them. Whoever launches and ends nodes owns the desired size;
    what that asks for comes out of the warm pool first, where there is one.
    """

    name: pulumi.Output[str]

    def __init__(
        self, name: str, args: NodeGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:node_group:NodeGroup", name, None, opts)
        self._name, self._args = name, args
        image = image_id(args.plan.image, self)
        self._templates = {
            template.role: launch_template(
                f"{name}-{template.role}-template",
                args.plan,
                template,
                image_id=image,
                join=args.join,
                instance_profile_arn=args.instance_profile_arn,
                store_url=args.store_url,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for template in args.plan.templates
        }
        group = self._group()
        if args.plan.warm_pool:
            self._hook(group, args.plan.warm_pool)
        self.name = group.name
        self.register_outputs({"name": self.name})

    def _group(self) -> aws.autoscaling.Group:
        plan = self._args.plan
        first = self._templates[plan.template_of(plan.instance_types[0]).role]
        tags = {**plan.node_tags, **plan.group_tags}
        return aws.autoscaling.Group(
            f"{self._name}-group",
            name=plan.physical_name,
            min_size=plan.min_nodes,
            max_size=plan.max_nodes,
            vpc_zone_identifiers=list(self._args.subnet_ids),
            # A capacity block is bought for one type, named by the template itself (EKS user
            # guide, "Create self-managed nodes with Capacity Blocks for ML").
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(
                id=first.id, version=first.latest_version.apply(str)
            )
            if plan.capacity_block
            else None,
            mixed_instances_policy=None if plan.capacity_block else self._purchase(first),
            health_check_type="EC2",
            # Nodes are replaced where pods are pending; evening out zones would end nodes that
            # serve.
            suspended_processes=["AZRebalance"],
            capacity_rebalance=False,
            # Two controllers may launch here, and the autoscaler's smaller wish must end no node of
            # the other. No force_delete: before it deletes a group, the provider takes protection
            # off its instances and waits until they are gone (hashicorp/terraform-provider-aws
            # internal/service/autoscaling/group.go drainGroup).
            protect_from_scale_in=plan.protected,
            # `up` must not fail because spot is dry: the next tier is tried.
            wait_for_capacity_timeout="0",
            warm_pool=_warm_pool(plan.warm_pool) if plan.warm_pool else None,
            # Of a new group the hook is there before the first launch: what is launched past it
            # is stopped before it is ready (kubernetes/kops#16582).
            initial_lifecycle_hooks=[
                aws.autoscaling.GroupInitialLifecycleHookArgs(
                    name=plan.warm_pool.boot.hook,
                    lifecycle_transition=_LAUNCHING,
                    default_result=_UNCOMPLETED,
                    heartbeat_timeout=plan.warm_pool.heartbeat_seconds,
                )
            ]
            if plan.warm_pool
            else None,
            tags=[
                aws.autoscaling.GroupTagArgs(
                    # Instances have their own tags from the template.
                    key=key,
                    value=value,
                    propagate_at_launch=False,
                )
                for key, value in sorted(tags.items())
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=[
                    # It follows what is launched and ended.
                    "desiredCapacity",
                    # Another hook would replace the group with all its nodes; it is only for the
                    # group's creation, and from then on what ``_hook`` says holds.
                    "initialLifecycleHooks",
                ],
            ),
        )

    def _hook(self, group: aws.autoscaling.Group, warm_pool: WarmPoolPlan) -> None:
        aws.autoscaling.LifecycleHook(
            f"{self._name}-warm-hook",
            name=warm_pool.boot.hook,
            autoscaling_group_name=group.name,
            lifecycle_transition=_LAUNCHING,
            default_result=_UNCOMPLETED,
            heartbeat_timeout=warm_pool.heartbeat_seconds,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _purchase(
        self, first: aws.ec2.LaunchTemplate
    ) -> aws.autoscaling.GroupMixedInstancesPolicyArgs:
        plan = self._args.plan
        spot = plan.purchase_option == "spot"
        return aws.autoscaling.GroupMixedInstancesPolicyArgs(
            instances_distribution=aws.autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs(
                on_demand_base_capacity=0,
                # 100 is the default of the API: leaving it out of a spot group means no spot.
                on_demand_percentage_above_base_capacity=0 if spot else 100,
                on_demand_allocation_strategy="prioritized",
                spot_allocation_strategy="price-capacity-optimized",
            ),
            launch_template=aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs(
                launch_template_specification=aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs(
                    launch_template_id=first.id,
                    # A number, never $Latest: a preview then shows which template is used.
                    version=first.latest_version.apply(str),
                ),
                overrides=[self._override(kind, first) for kind in plan.instance_types],
            ),
        )

    def _override(
        self, instance_type: str, first: aws.ec2.LaunchTemplate
    ) -> aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs:
        template = self._templates[self._args.plan.template_of(instance_type).role]
        return aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs(
            instance_type=instance_type,
            launch_template_specification=None
            if template is first
            else aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideLaunchTemplateSpecificationArgs(
                launch_template_id=template.id, version=template.latest_version.apply(str)
            ),
        )


def _warm_pool(plan: WarmPoolPlan) -> aws.autoscaling.GroupWarmPoolArgs | None:
    if not plan.filled:
        return None
    return aws.autoscaling.GroupWarmPoolArgs(
        pool_state="Stopped",
        # Only with both at the same value does the pool have a size of its own (PutWarmPool):
        # else it would be what the group has room for.
        min_size=plan.nodes,
        max_group_prepared_capacity=plan.nodes,
        # A node that has served is ended, not stopped again: it is in the cluster's books, and
        # what ends nodes here (TerminateInstanceInAutoScalingGroup) returns none to a pool
        # (jenkinsci/ec2-fleet-plugin#352 and #519).
        instance_reuse_policy=aws.autoscaling.GroupWarmPoolInstanceReusePolicyArgs(
            reuse_on_scale_in=False
        ),
    )
