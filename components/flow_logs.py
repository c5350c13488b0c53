"""Flow logs of a VPC, kept in CloudWatch Logs."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tokenfleet.plan.iam import Statement, policy, service_trust


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """Which VPC, and for how long its records are kept."""

    vpc_id: pulumi.Input[str]
    retention_days: int


class FlowLogs(pulumi.ComponentResource):
    """A log group, the role that writes to it, and the flow log of all traffic."""

    def __init__(
        self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:flow_logs:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            f"{name}-records", retention_in_days=args.retention_days, opts=child
        )
        role = aws.iam.Role(
            f"{name}-writer",
            assume_role_policy=group.arn.apply(
                lambda arn: service_trust("vpc-flow-logs.amazonaws.com", arn)
            ),
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-write",
            role=role.name,
            policy=group.arn.apply(_write_to),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-all",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            opts=child,
        )
        self.register_outputs({"logGroupName": group.name})


def _write_to(log_group_arn: str) -> str:
    return policy(
        [
            Statement(
                sid="WriteFlowLogs",
                actions=[
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                resources=[f"{log_group_arn}:*"],
            )
        ]
    )
