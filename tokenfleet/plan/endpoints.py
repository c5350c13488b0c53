"""What a stack would send through interface endpoints of AWS services."""

from collections.abc import Mapping

WHAT_IT_CARRIES: Mapping[str, str | None] = {
    "autoscaling": "the autoscaler's calls",
    "ec2": "calls of the autoscaler and of nodes about their network interfaces",
    "ecr.api": "nodes signing in to pull images",
    # Layers come from S3 (user guide, "Amazon ECR interface VPC endpoints").
    "ecr.dkr": "manifests of images, not their layers",
    # nodeadm is told all it would ask DescribeCluster for (userdata/node-config.yaml).
    "eks": None,
    "eks-auth": "credentials of pods, once in hours",
    # Volumes and secrets are decrypted by EBS and by the control plane, outside the VPC.
    "kms": None,
    # Logs are written by the control plane and by the flow logs' own service.
    "logs": None,
    # Sessions themselves go to ssmmessages.
    "ssm": "the agents of nodes, which cluster.nodeAccess lets in",
    # Nodes have credentials of EC2, pods of Pod Identity, which asks eks-auth.
    "sts": None,
}
"""By service of ``network.interfaceEndpoints``; None where nothing of this stack goes there."""
