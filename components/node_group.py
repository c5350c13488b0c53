"""One launch template and the Auto Scaling group that uses it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.cluster import Join
from tokenfleet.plan.node_groups import NodeGroupPlan
from tokenfleet.plan.user_data import ClusterFacts, render_user_data

_ROOT_DEVICE = "/dev/xvda"
# One hop: the host reaches its role through the metadata service, pods do not.
_HOPS = 1


@dataclass(frozen=True, kw_only=True)
class NodeGroupArgs:
    """The group to build and what its nodes must know of the cluster."""

    plan: NodeGroupPlan
    instance_profile_arn: pulumi.Input[str]
    join: Join
    subnet_ids: Sequence[pulumi.Input[str]]


class NodeGroup(pulumi.ComponentResource):
    """The nodes of one tier.

    A changed template reaches new nodes only: there is no instance refresh, because that
    ends nodes without draining them. The autoscaler owns the desired size.
    """

    name: pulumi.Output[str]

    def __init__(
        self, name: str, args: NodeGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:node_group:NodeGroup", name, None, opts)
        self._name, self._args = name, args
        group = self._group(self._template())
        self.name = group.name
        self.register_outputs({"name": self.name})

    def _template(self) -> aws.ec2.LaunchTemplate:
        plan = self._args.plan
        return aws.ec2.LaunchTemplate(
            f"{self._name}-template",
            image_id=plan.image_id,
            instance_type=plan.instance_types[0] if plan.capacity_block else None,
            user_data=self._user_data(),
            update_default_version=True,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(
                arn=self._args.instance_profile_arn
            ),
            network_interfaces=[
                aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                    device_index=0,
                    associate_public_ip_address="false",
                    delete_on_termination="true",
                    security_groups=[self._args.join.security_group_id],
                )
            ],
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=_HOPS,
                instance_metadata_tags="disabled",
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=_ROOT_DEVICE,
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        encrypted="true",
                        volume_type="gp3",
                        volume_size=plan.volume.size_gib,
                        iops=plan.volume.iops,
                        throughput=plan.volume.throughput_mib_per_second,
                        delete_on_termination="true",
                    ),
                )
            ],
            instance_market_options=aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(
                market_type="capacity-block"
            )
            if plan.capacity_block
            else None,
            capacity_reservation_specification=self._reservation(),
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(
                    resource_type=kind, tags=dict(plan.node_tags)
                )
                for kind in ("instance", "volume", "network-interface")
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _user_data(self) -> pulumi.Output[str]:
        join = self._args.join

        def encoded(facts: list[str]) -> str:
            cluster_name, endpoint, certificate_authority = facts
            text = render_user_data(
                self._args.plan.kubelet,
                ClusterFacts(
                    cluster_name=cluster_name,
                    api_server_endpoint=endpoint,
                    certificate_authority=certificate_authority,
                    service_cidr=join.service_cidr,
                ),
            )
            return base64.b64encode(text.encode()).decode()

        return pulumi.Output.all(
            join.cluster_name, join.endpoint, join.certificate_authority
        ).apply(encoded)

    def _reservation(
        self,
    ) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs | None:
        reservation_id = self._args.plan.capacity_reservation_id
        if reservation_id is None:
            return None
        return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
            capacity_reservation_target=aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
                capacity_reservation_id=reservation_id
            )
        )

    def _group(self, template: aws.ec2.LaunchTemplate) -> aws.autoscaling.Group:
        plan = self._args.plan
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
                id=template.id, version=template.latest_version.apply(str)
            )
            if plan.capacity_block
            else None,
            mixed_instances_policy=None if plan.capacity_block else self._purchase(template),
            health_check_type="EC2",
            # The autoscaler replaces where pods are pending; evening out zones would end nodes
            # that serve.
            suspended_processes=["AZRebalance"],
            capacity_rebalance=False,
            # `up` must not fail because spot is dry; the autoscaler tries the next tier.
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
            # The autoscaler sets it every few seconds.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["desiredCapacity"]),
        )

    def _purchase(
        self, template: aws.ec2.LaunchTemplate
    ) -> aws.autoscaling.GroupMixedInstancesPolicyArgs:
        spot = self._args.plan.purchase_option == "spot"
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
                    launch_template_id=template.id,
                    # A number, never $Latest: a preview then shows which template is used.
                    version=template.latest_version.apply(str),
                ),
                overrides=[
                    aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs(
                        instance_type=instance_type
                    )
                    for instance_type in self._args.plan.instance_types
                ],
            ),
        )
