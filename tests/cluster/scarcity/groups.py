"""The Auto Scaling groups of a plan, made in the stand-in."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.cluster.scarcity.clients import Clients
from tokenfleet.plan.nodes.groups import NodeGroupPlan

if TYPE_CHECKING:
    from types_boto3_autoscaling.type_defs import MixedInstancesPolicyTypeDef


def make_groups(aws: Clients, groups: Sequence[NodeGroupPlan], *, protected: bool = True) -> None:
    """Make groups with their launch templates, as components/node_group.py does."""
    for group in groups:
        _make(aws, group, protected=protected)


def _make(aws: Clients, group: NodeGroupPlan, *, protected: bool) -> None:
    name = group.physical_name
    aws.ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "m8g.large"},
    )
    aws.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=group.min_nodes,
        MaxSize=group.max_nodes,
        MixedInstancesPolicy=_purchase(group),
        VPCZoneIdentifier=",".join(_subnets(aws, group.zones)),
        NewInstancesProtectedFromScaleIn=protected,
        Tags=[{"Key": key, "Value": value} for key, value in group.group_tags.items()],
    )
    aws.autoscaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["AZRebalance"])
    if group.warm_pool and group.warm_pool.nodes:
        keep_warm(aws, name, group.warm_pool.nodes)


def keep_warm(aws: Clients, group: str, nodes: int) -> None:
    """So many instances wait stopped beside a group, however large it is."""
    aws.autoscaling.put_warm_pool(
        AutoScalingGroupName=group,
        MinSize=nodes,
        MaxGroupPreparedCapacity=nodes,
        PoolState="Stopped",
        InstanceReusePolicy={"ReuseOnScaleIn": False},
    )


def _purchase(group: NodeGroupPlan) -> "MixedInstancesPolicyTypeDef":
    return {
        "InstancesDistribution": {
            "OnDemandBaseCapacity": 0,
            "OnDemandPercentageAboveBaseCapacity": 0 if group.purchase_option == "spot" else 100,
            "OnDemandAllocationStrategy": "prioritized",
            "SpotAllocationStrategy": "price-capacity-optimized",
        },
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {
                "LaunchTemplateName": group.physical_name,
                "Version": "1",
            },
            "Overrides": [{"InstanceType": kind} for kind in group.instance_types],
        },
    }


def _subnets(aws: Clients, zones: Sequence[str]) -> Sequence[str]:
    """The default subnets of zones."""
    found = aws.ec2.describe_subnets(
        Filters=[{"Name": "availability-zone", "Values": list(zones)}]
    )["Subnets"]
    return [subnet.get("SubnetId", "") for subnet in found]
