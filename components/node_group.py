"""An Auto Scaling group and the launch templates it uses, one for each kind of disks."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tokenfleet.components.image import image_id
from tokenfleet.components.join import Join
from tokenfleet.components.launch_template import launch_template
from tokenfleet.plan.nodes.groups import NodeGroupPlan


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
    ends nodes without draining them. Whoever launches and ends nodes owns the desired size.
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
            tags=[
                aws.autoscaling.GroupTagArgs(
                    # Instances have their own tags from the template.
                    key=key,
                    value=value,
                    propagate_at_launch=False,
                )
                for key, value in sorted(tags.items())
            ],
            # It follows what is launched and ended.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["desiredCapacity"]),
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
