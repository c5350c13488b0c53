"""A launch template: image, disks, metadata service and user data of nodes that are alike."""

import base64

import pulumi
import pulumi_aws as aws

from tokenfleet.components.join import Join
from tokenfleet.plan.nodes.disks import VolumePlan
from tokenfleet.plan.nodes.groups import NodeGroupPlan, TemplatePlan
from tokenfleet.plan.nodes.user_data import BootPlan, ClusterFacts, packed, render_user_data

# The names of the devices in the request; on the node they are NVMe devices without fixed names.
_ROOT_DEVICE, _CACHE_DEVICE = "/dev/xvda", "/dev/xvdb"
# One hop: the host reaches its role through the metadata service, pods do not.
_HOPS = 1


def launch_template(
    name: str,
    plan: NodeGroupPlan,
    template: TemplatePlan,
    *,
    image_id: pulumi.Input[str],
    join: Join,
    instance_profile_arn: pulumi.Input[str],
    store_url: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> aws.ec2.LaunchTemplate:
    """The template of those nodes of a group that have the same disks."""
    volumes = {_ROOT_DEVICE: template.disks.root, _CACHE_DEVICE: template.disks.cache}
    return aws.ec2.LaunchTemplate(
        name,
        image_id=image_id,
        instance_type=plan.instance_types[0] if plan.capacity_block else None,
        user_data=_user_data(template.boot, join, store_url),
        update_default_version=True,
        iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=instance_profile_arn),
        network_interfaces=[
            aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                device_index=0,
                associate_public_ip_address="false",
                delete_on_termination="true",
                security_groups=[join.security_group_id],
            )
        ],
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled",
            http_tokens="required",
            http_put_response_hop_limit=_HOPS,
            instance_metadata_tags="disabled",
        ),
        block_device_mappings=[
            *(_volume(device, volume) for device, volume in volumes.items() if volume),
            *([_left_out(_CACHE_DEVICE)] if template.disks.leaves_weights_out else []),
        ],
        instance_market_options=aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(
            market_type="capacity-block"
        )
        if plan.capacity_block
        else None,
        capacity_reservation_specification=_reservation(plan),
        tags=dict(plan.template_tags) or None,
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(
                resource_type=kind, tags=dict(plan.node_tags)
            )
            for kind in ("instance", "volume", "network-interface")
        ],
        opts=opts,
    )


def _user_data(boot: BootPlan, join: Join, store_url: pulumi.Input[str]) -> pulumi.Output[str]:
    def encoded(facts: list[str]) -> str:
        cluster_name, endpoint, certificate_authority, store = facts
        text = render_user_data(
            boot,
            ClusterFacts(
                cluster_name=cluster_name,
                api_server_endpoint=endpoint,
                certificate_authority=certificate_authority,
                service_cidr=join.service_cidr,
                region=join.region,
                store_url=store,
            ),
        )
        return base64.b64encode(packed(text)).decode()

    return pulumi.Output.all(
        join.cluster_name, join.endpoint, join.certificate_authority, store_url
    ).apply(encoded)


def _reservation(
    plan: NodeGroupPlan,
) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs | None:
    reservation_id = plan.capacity_reservation_id
    if reservation_id is None:
        return None
    return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
        capacity_reservation_target=aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
            capacity_reservation_id=reservation_id
        )
    )


def _volume(device: str, volume: VolumePlan) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=device,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            encrypted="true",
            volume_type="gp3",
            volume_size=volume.size_gib,
            iops=volume.iops,
            throughput=volume.throughput_mib_per_second,
            volume_initialization_rate=volume.initialization_mib_per_second,
            delete_on_termination="true",
        ),
    )


def _left_out(device: str) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    """A volume that the machine image maps and these nodes start without: any text says so."""
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(device_name=device, no_device="true")
