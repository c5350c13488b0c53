"""What each identity may do in AWS, and why where a wildcard cannot be avoided."""

from collections.abc import Sequence

from tokenfleet.plan.iam import (
    AUTOSCALER,
    CAPACITY,
    COMPILER,
    MODEL_READER,
    ServiceAccountPlan,
    Statement,
    policy,
)
from tokenfleet.plan.nodes.groups import CAPACITY_TAG
from tokenfleet.weights.compiled import COMPILED, NEURON
from tokenfleet.weights.layout import PREFIX

# What a fleet is made of besides its template.
_OF_A_FLEET = ("fleet", "instance", "network-interface", "security-group", "subnet", "volume")


def permissions(
    account: ServiceAccountPlan, cluster_name: str, bucket_arn: str, queue_arn: str | None
) -> str:
    """Permissions (JSON) of a pod's role.

    Raises:
        ValueError: when no pod has the role, or the capacity controller has no queue.
    """
    match account.role:
        case AUTOSCALER.role:
            return policy(autoscaler_statements(cluster_name))
        case MODEL_READER.role:
            return model_reader_policy(bucket_arn)
        case CAPACITY.role if queue_arn:
            return policy(capacity_statements(cluster_name, queue_arn, account.sized_groups))
        case COMPILER.role:
            return compiler_policy(bucket_arn)
        case _:
            msg = f"no pod has the role {account.role}, or it lacks the queue of notices"
            raise ValueError(msg)


def autoscaler_statements(cluster_name: str) -> Sequence[Statement]:
    """What the Cluster Autoscaler needs, and no more.

    kubernetes/autoscaler cluster-autoscaler/cloudprovider/aws/README.md (2026-08-22).
    Without DescribeScalingActivities a failed spot launch is noticed only when the node
    provision time is over, which costs 1.2 points of availability.
    """
    return [
        Statement(
            sid="DescribeGroups",
            actions=[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:GetInstanceTypesFromInstanceRequirements",
            ],
            resources=["*"],
        ),
        Statement(
            sid="ScaleOwnGroups",
            actions=[
                "autoscaling:SetDesiredCapacity",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
            ],
            resources=["*"],
            condition={
                "StringEquals": {
                    f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster_name}": "owned"
                }
            },
        ),
    ]


def capacity_statements(
    cluster_name: str, queue_arn: str, sized_groups: Sequence[str] = ()
) -> Sequence[Statement]:
    """What the capacity controller needs, and no more: groups and templates that carry its tag.

    A caller of LaunchInstances needs ec2:CreateFleet and ec2:DescribeLaunchTemplateVersions
    (EC2 Auto Scaling user guide, "Launching instances with synchronous provisioning", 2026), the
    former on the resources that AWS's own policy for that call lists
    (BedrockAgentCoreRuntimeInstancesOperatorRolePolicy, 2026-08). That policy also allows
    RunInstances, CreateTags and PassRole, but creates groups besides: not granted here, to be
    checked at the first deployment. A fleet needs a template, so the tag limits what is launched.
    Only of ``sized_groups``, those with a warm pool, may it set the size: that is what draws on one.
    """
    _, partition, _, region, account, _ = queue_arn.split(":")
    ours = {"StringEquals": {f"aws:ResourceTag/{CAPACITY_TAG}": cluster_name}}
    ec2 = f"arn:{partition}:ec2:{region}"
    group = (
        f"arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName"
    )
    drawing = Statement(
        sid="DrawOnWarmPools",
        actions=["autoscaling:SetDesiredCapacity"],
        resources=[f"{group}/{name}" for name in sized_groups],
        condition=ours,
    )
    return [
        Statement(
            sid="DescribeGroups",
            actions=[
                "autoscaling:DescribeAutoScalingGroups",
                *(["autoscaling:DescribeWarmPool"] if sized_groups else []),
                "ec2:DescribeLaunchTemplateVersions",
            ],
            resources=["*"],
        ),
        *([drawing] if sized_groups else []),
        Statement(
            sid="LaunchAndEndOwnNodes",
            actions=[
                "autoscaling:LaunchInstances",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
            ],
            resources=[f"{group}/{cluster_name}-*"],
            condition=ours,
        ),
        Statement(
            sid="LaunchOwnTemplates",
            actions=["ec2:CreateFleet"],
            resources=[f"{ec2}:{account}:launch-template/*"],
            condition=ours,
        ),
        Statement(
            sid="CreateFleetOfTemplate",
            actions=["ec2:CreateFleet"],
            resources=[
                # An image belongs to no account.
                f"{ec2}::image/*",
                *(f"{ec2}:{account}:{kind}/*" for kind in _OF_A_FLEET),
            ],
        ),
        Statement(
            sid="HearNotices",
            actions=["sqs:DeleteMessage", "sqs:ReceiveMessage"],
            resources=[queue_arn],
        ),
    ]


def warm_node_policy(cluster_name: str, group_name: str, region: str, own_arn: str) -> str:
    """Permission (JSON) of a node to say that it is ready to be stopped, or serves.

    And to ask which version of the network plug-in it will run, whose images it gets ready.

    ``own_arn`` is that of anything in the account (arn:partition:service:region:account:resource).
    """
    _, partition, _, _, account, _ = own_arn.split(":")
    return policy(
        [
            Statement(
                sid="CompleteOwnLaunch",
                actions=["autoscaling:CompleteLifecycleAction"],
                resources=[
                    (
                        f"arn:{partition}:autoscaling:{region}:{account}"
                        f":autoScalingGroup:*:autoScalingGroupName/{group_name}"
                    )
                ],
            ),
            Statement(
                sid="ReadNetworkPlugIn",
                actions=["eks:DescribeAddon"],
                resources=[
                    f"arn:{partition}:eks:{region}:{account}:addon/{cluster_name}/vpc-cni/*"
                ],
            ),
        ]
    )


def session_policy() -> str:
    """Permission (JSON) of a node's agent to let people in who may come, and no more.

    "Minimal Session Manager permissions" of the Systems Manager user guide (2026). The managed
    AmazonSSMManagedInstanceCore would let every node read all parameters of the account.
    """
    return policy(
        [
            Statement(
                sid="OpenSessions",
                actions=[
                    "ssm:UpdateInstanceInformation",
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                ],
                resources=["*"],
            )
        ]
    )


def model_reader_policy(bucket_arn: str) -> str:
    """Permission (JSON) to read the published models of one bucket."""
    return policy(_reading(bucket_arn))


def compiler_policy(bucket_arn: str) -> str:
    """Permission (JSON) to read models and to publish compiled code beside them."""
    writing = Statement(
        sid="PublishArtifacts",
        actions=["s3:PutObject"],
        resources=[f"{bucket_arn}/{PREFIX}*/{folder}/*" for folder in (COMPILED, NEURON)],
    )
    return policy([*_reading(bucket_arn), writing])


def _reading(bucket_arn: str) -> Sequence[Statement]:
    return [
        Statement(
            sid="ListModels",
            actions=["s3:ListBucket"],
            resources=[bucket_arn],
            condition={"StringLike": {"s3:prefix": "models/*"}},
        ),
        Statement(sid="ReadModels", actions=["s3:GetObject"], resources=[f"{bucket_arn}/models/*"]),
    ]
