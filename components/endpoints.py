"""Ways from a VPC to AWS services that do not pass a NAT gateway."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tokenfleet.plan.bucket_policies import s3_endpoint_policy
from tokenfleet.plan.network import NetworkPlan


@dataclass(frozen=True, kw_only=True)
class EndpointsArgs:
    """Which services, where in the VPC, and the one bucket that may be written from there."""

    plan: NetworkPlan
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    route_table_ids: Sequence[pulumi.Input[str]]
    bucket_arn: pulumi.Output[str]


class Endpoints(pulumi.ComponentResource):
    """The S3 gateway endpoint, and interface endpoints as chosen.

    The gateway endpoint always exists: it is free, and weights would otherwise be billed per
    gigabyte by the NAT gateway. Nothing leaves through it but to the stack's own bucket.
    """

    def __init__(
        self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:endpoints:Endpoints", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=args.vpc_id,
            service_name=f"com.amazonaws.{args.plan.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=list(args.route_table_ids),
            policy=args.bucket_arn.apply(
                lambda arn: s3_endpoint_policy(arn, args.plan.public_objects)
            ),
            tags={"Name": f"{name}-s3"},
            opts=child,
        )
        if args.plan.interface_endpoints:
            group = self._https_from_vpc(name, args)
            for service in args.plan.interface_endpoints:
                aws.ec2.VpcEndpoint(
                    f"{name}-{service}",
                    vpc_id=args.vpc_id,
                    service_name=f"com.amazonaws.{args.plan.region}.{service}",
                    vpc_endpoint_type="Interface",
                    private_dns_enabled=True,
                    subnet_ids=list(args.subnet_ids),
                    security_group_ids=[group],
                    tags={"Name": f"{name}-{service}"},
                    opts=child,
                )
        self.register_outputs({})

    def _https_from_vpc(self, name: str, args: EndpointsArgs) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-callers",
            description="HTTPS from inside the VPC to its interface endpoints",
            vpc_id=args.vpc_id,
            tags={"Name": f"{name}-callers"},
            opts=child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-https",
            security_group_id=group.id,
            description="HTTPS from the VPC",
            cidr_ipv4=str(args.plan.vpc_cidr),
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=child,
        )
        return group.id
