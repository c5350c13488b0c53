"""A VPC with a public and a private subnet in every zone of the plan."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tokenfleet.components.endpoints import Endpoints, EndpointsArgs
from tokenfleet.components.flow_logs import FlowLogs, FlowLogsArgs
from tokenfleet.components.model_store import ModelStore
from tokenfleet.plan.network import NetworkPlan, SubnetPlan


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """The address plan, and the bucket that is reached without NAT."""

    plan: NetworkPlan
    store: ModelStore


class Network(pulumi.ComponentResource):
    """VPC, subnets, routes, NAT gateways and endpoints.

    Nodes and pods live in the private subnets; the public ones hold NAT gateways and, if the
    edge asks for one, an internet-facing load balancer.
    """

    vpc_id: pulumi.Output[str]
    private_subnet_id_by_zone: Mapping[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:network:Network", name, None, opts)
        self._name, self._plan = name, args.plan
        self._child = pulumi.ResourceOptions(parent=self)
        self._shared = {f"kubernetes.io/cluster/{args.plan.cluster_name}": "shared"}
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=str(args.plan.vpc_cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": name},
            opts=self._child,
        )
        self.vpc_id = vpc.id
        gateway = aws.ec2.InternetGateway(
            f"{name}-internet", vpc_id=vpc.id, tags={"Name": name}, opts=self._child
        )
        public = self._public_subnets(gateway)
        private, tables = self._private_subnets(self._nat_gateways(public, gateway))
        self.private_subnet_id_by_zone = private
        Endpoints(
            f"{name}-endpoints",
            EndpointsArgs(
                plan=args.plan,
                vpc_id=vpc.id,
                subnet_ids=list(private.values()),
                route_table_ids=tables,
                bucket_arn=args.store.bucket_arn,
            ),
            opts=self._child,
        )
        if args.plan.flow_logs:
            FlowLogs(
                f"{name}-flow-logs",
                FlowLogsArgs(
                    vpc_id=vpc.id,
                    retention_days=args.plan.log_retention_days,
                ),
                opts=self._child,
            )
        self.register_outputs({"vpcId": self.vpc_id, "privateSubnetIds": list(private.values())})

    def _public_subnets(self, gateway: aws.ec2.InternetGateway) -> Mapping[str, pulumi.Output[str]]:
        table = aws.ec2.RouteTable(
            f"{self._name}-public",
            vpc_id=self.vpc_id,
            routes=[
                aws.ec2.RouteTableRouteArgs(cidr_block="0.0.0.0/0", gateway_id=gateway.id),
            ],
            tags={"Name": f"{self._name}-public"},
            opts=self._child,
        )
        return {
            plan.zone: self._subnet("public", plan, "elb", table.id)
            for plan in self._plan.public_subnets
        }

    def _nat_gateways(
        self,
        public_subnet_ids: Mapping[str, pulumi.Output[str]],
        internet: aws.ec2.InternetGateway,
    ) -> Mapping[str, pulumi.Output[str]]:
        # EC2 refuses both in a VPC that has no gateway yet (hashicorp/terraform-provider-aws#709).
        connected = pulumi.ResourceOptions(parent=self, depends_on=[internet])
        gateway_ids: dict[str, pulumi.Output[str]] = {}
        for zone in self._plan.nat_zones:
            address = aws.ec2.Eip(
                f"{self._name}-nat-{zone}",
                domain="vpc",
                tags={"Name": f"{self._name}-nat-{zone}"},
                opts=connected,
            )
            gateway = aws.ec2.NatGateway(
                f"{self._name}-nat-{zone}",
                allocation_id=address.id,
                subnet_id=public_subnet_ids[zone],
                tags={"Name": f"{self._name}-{zone}"},
                opts=connected,
            )
            gateway_ids[zone] = gateway.id
        return gateway_ids

    def _private_subnets(
        self, nat_gateway_ids: Mapping[str, pulumi.Output[str]]
    ) -> tuple[Mapping[str, pulumi.Output[str]], list[pulumi.Output[str]]]:
        subnet_ids: dict[str, pulumi.Output[str]] = {}
        table_ids: list[pulumi.Output[str]] = []
        for plan in self._plan.private_subnets:
            role = f"private-{plan.zone}"
            table = aws.ec2.RouteTable(
                f"{self._name}-{role}",
                vpc_id=self.vpc_id,
                routes=[
                    aws.ec2.RouteTableRouteArgs(
                        cidr_block="0.0.0.0/0",
                        nat_gateway_id=nat_gateway_ids[self._plan.nat_zone_by_zone[plan.zone]],
                    )
                ],
                tags={"Name": f"{self._name}-{role}"},
                opts=self._child,
            )
            subnet_ids[plan.zone] = self._subnet("private", plan, "internal-elb", table.id)
            table_ids.append(table.id)
        return subnet_ids, table_ids

    def _subnet(
        self, kind: str, plan: SubnetPlan, load_balancers: str, route_table_id: pulumi.Input[str]
    ) -> pulumi.Output[str]:
        """A subnet with its route table; ``load_balancers`` is what Kubernetes may put there."""
        name = f"{self._name}-{kind}-{plan.zone}"
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=self.vpc_id,
            cidr_block=str(plan.cidr),
            availability_zone=plan.zone,
            map_public_ip_on_launch=False,
            tags={"Name": name, f"kubernetes.io/role/{load_balancers}": "1", **self._shared},
            opts=self._child,
        )
        aws.ec2.RouteTableAssociation(
            name, subnet_id=subnet.id, route_table_id=route_table_id, opts=self._child
        )
        return subnet.id
