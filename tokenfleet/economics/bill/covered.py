"""Which kinds of resources the bill knows: those it prices, and those that cost nothing themselves."""

from collections.abc import Mapping

_NO_CHARGE = "no charge for it itself"
_PODS = "runs on nodes, which are priced"
_OBJECT = "an entry of the Kubernetes API, whose control plane is priced"

# AWS pricing pages of IAM, VPC, EKS add-ons, EC2 Auto Scaling, EventBridge, SQS and AWS Budgets (a
# budget that only alerts): no charge for these themselves.
FREE: Mapping[str, str] = {
    "aws:autoscaling/lifecycleHook:LifecycleHook": _NO_CHARGE,
    "aws:budgets/budget:Budget": "no charge where it only alerts",
    "aws:cloudwatch/eventRule:EventRule": "no charge for events of AWS services",
    "aws:cloudwatch/eventTarget:EventTarget": _NO_CHARGE,
    "aws:ec2/flowLog:FlowLog": "what it writes is priced as logs",
    "aws:ec2/internetGateway:InternetGateway": _NO_CHARGE,
    "aws:ec2/launchTemplate:LaunchTemplate": _NO_CHARGE,
    "aws:ec2/routeTable:RouteTable": _NO_CHARGE,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _NO_CHARGE,
    "aws:ec2/securityGroup:SecurityGroup": _NO_CHARGE,
    "aws:ec2/subnet:Subnet": _NO_CHARGE,
    "aws:ec2/vpc:Vpc": _NO_CHARGE,
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": "what it keeps is priced as storage",
    "aws:eks/accessEntry:AccessEntry": _NO_CHARGE,
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _NO_CHARGE,
    "aws:eks/addon:Addon": _PODS,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _NO_CHARGE,
    "aws:iam/instanceProfile:InstanceProfile": _NO_CHARGE,
    "aws:iam/role:Role": _NO_CHARGE,
    "aws:iam/rolePolicy:RolePolicy": _NO_CHARGE,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _NO_CHARGE,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _NO_CHARGE,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _NO_CHARGE,
    "aws:s3/bucketPolicy:BucketPolicy": _NO_CHARGE,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _NO_CHARGE,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _NO_CHARGE
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "what it keeps is priced as storage",
    "aws:sqs/queue:Queue": "no charge for it itself, and next to none for its requests",
    "aws:sqs/queuePolicy:QueuePolicy": _NO_CHARGE,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _NO_CHARGE,
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy": _OBJECT,
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding": _OBJECT,
    "kubernetes:apps/v1:DaemonSet": _PODS,
    "kubernetes:apps/v1:Deployment": _PODS,
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": _OBJECT,
    "kubernetes:core/v1:ConfigMap": _OBJECT,
    "kubernetes:core/v1:Namespace": _OBJECT,
    "kubernetes:core/v1:Secret": _OBJECT,
    "kubernetes:core/v1:ServiceAccount": _OBJECT,
    "kubernetes:keda.sh/v1alpha1:ScaledObject": _OBJECT,
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": _OBJECT,
    "kubernetes:policy/v1:PodDisruptionBudget": _OBJECT,
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": _OBJECT,
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": _OBJECT,
    "kubernetes:rbac.authorization.k8s.io/v1:Role": _OBJECT,
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": _OBJECT,
    "kubernetes:scheduling.k8s.io/v1:PriorityClass": _OBJECT,
}
"""By type, why it costs nothing itself: so wherever it is created."""

BILLED: Mapping[str, str] = {
    "aws:autoscaling/group:Group": "nodes and their volumes",
    "aws:cloudwatch/logGroup:LogGroup": "CloudWatch Logs, ingested",
    "aws:ec2/eip:Eip": "public IPv4 address",
    "aws:ec2/natGateway:NatGateway": "NAT gateway",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "VPC interface endpoint, one zone",
    "aws:ecr/repository:Repository": "ECR image storage",
    "aws:eks/cluster:Cluster": "EKS control plane",
    "aws:kms/key:Key": "KMS customer key",
    "aws:s3/bucket:Bucket": "S3 Standard storage",
    "kubernetes:core/v1:PersistentVolume": "the caches of the nodes",
    "kubernetes:core/v1:PersistentVolumeClaim": "the caches of the nodes",
    "kubernetes:core/v1:Service": "Network Load Balancer",
    "kubernetes:helm.sh/v3:Release": "system nodes",
}
"""By type, the line that holds its price: only as the plan has it, not where anybody else creates one."""
