"""How dangerous a change of a resource is, by what it takes away and from whom."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Literal

Action = Literal["create", "update", "replace", "delete"]


class Danger(IntEnum):
    """From what nobody notices to what nobody gets back."""

    ADDITION = 0
    SETTINGS = 1
    REPLICAS = 2
    NODES = 3
    OUTAGE = 4
    DATA_LOSS = 5

    @property
    def word(self) -> str:
        """``data-loss``: as it is given on the command line and in JSON."""
        return self.name.lower().replace("_", "-")


_EKS, _EC2, _CORE = "aws:eks/", "aws:ec2/", "kubernetes:core/v1:"

HOLDS_DATA: Mapping[str, str] = {
    "aws:s3/bucket:Bucket": "its objects: published weights and compiled artifacts",
    "aws:s3/bucketVersioning:BucketVersioning": "older versions of objects stop being kept",
    "aws:kms/key:Key": "all that is encrypted with it",
    "aws:cloudwatch/logGroup:LogGroup": "the logs in it",
    "aws:dynamodb/table:Table": "its items",
    "aws:ebs/volume:Volume": "what is on it",
    "aws:efs/fileSystem:FileSystem": "its files",
    "aws:rds/instance:Instance": "its databases",
    "aws:rds/cluster:Cluster": "its databases",
    "aws:secretsmanager/secret:Secret": "the secret",
}
"""What goes with a resource that is deleted or replaced."""

_ALL_STAND_ON: Mapping[str, str] = {
    f"{_EKS}cluster:Cluster": "the control plane and every object in it",
    f"{_EC2}vpc:Vpc": "the network that everything is in",
    f"{_EC2}subnet:Subnet": "nodes and load balancers of a zone",
    f"{_EC2}internetGateway:InternetGateway": "every way in and out",
    f"{_EC2}natGateway:NatGateway": "the way out of a zone",
    f"{_EC2}routeTable:RouteTable": "routes of a zone",
    f"{_EC2}routeTableAssociation:RouteTableAssociation": "routes of a zone",
    f"{_EC2}route:Route": "routes of a zone",
    f"{_EC2}vpcEndpoint:VpcEndpoint": "the free way to weights and images",
    f"{_EKS}accessEntry:AccessEntry": "who may join or use the cluster",
    f"{_EKS}addon:Addon": "what pods need for their network, names or volumes",
    f"{_EKS}podIdentityAssociation:PodIdentityAssociation": "what pods may do at AWS",
    "aws:iam/role:Role": "what may be done with it",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "what may be done with a role",
    "aws:iam/rolePolicy:RolePolicy": "what may be done with a role",
    "aws:iam/instanceProfile:InstanceProfile": "what nodes may do",
    "pulumi:providers:kubernetes": "every object in the cluster",
    f"{_CORE}Namespace": "everything in it",
    f"{_CORE}Service": "the address of a model",
    f"{_CORE}Secret": "what pods read from it",
    f"{_CORE}ConfigMap": "what pods read from it",
    f"{_CORE}ServiceAccount": "what pods run as",
    f"{_CORE}PersistentVolume": "the way of pods to weights",
    f"{_CORE}PersistentVolumeClaim": "the way of pods to weights",
    "kubernetes:apps/v1:Deployment": "every replica of it at once",
    "kubernetes:apps/v1:DaemonSet": "its pod on every node at once",
    "kubernetes:apps/v1:StatefulSet": "every replica of it at once",
    "kubernetes:helm.sh/v3:Release": "what the chart installs",
}
_NODES_OF = frozenset({"aws:autoscaling/group:Group", "aws:eks/nodeGroup:NodeGroup"})
# A new version of it reaches nodes that are launched later.
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_WORKLOADS = frozenset(
    {
        "kubernetes:apps/v1:Deployment",
        "kubernetes:apps/v1:DaemonSet",
        "kubernetes:apps/v1:StatefulSet",
    }
)
_ROLLS = frozenset(
    {f"{_EKS}cluster:Cluster", f"{_EKS}addon:Addon", "kubernetes:helm.sh/v3:Release"}
)


def danger_of(type_token: str, action: Action, roots: frozenset[str], *, is_kept: bool) -> Danger:
    """The danger of an action; ``roots`` are the inputs that differ.

    ``is_kept`` says that what is deleted stays behind (retainOnDelete). A type that is in no
    table is judged by its action alone.
    """
    if action == "create":
        return Danger.ADDITION
    if action == "update":
        return _of_update(type_token, roots)
    if type_token in HOLDS_DATA and not is_kept:
        return Danger.DATA_LOSS
    if type_token in _ALL_STAND_ON:
        return Danger.OUTAGE
    if type_token in _NODES_OF or type_token == _TEMPLATE:
        return Danger.NODES
    return Danger.SETTINGS


def what_goes(type_token: str) -> str:
    """What is gone with a resource of that type, or nothing that is known."""
    return HOLDS_DATA.get(type_token) or _ALL_STAND_ON.get(type_token, "")


def _of_update(type_token: str, roots: frozenset[str]) -> Danger:
    if type_token == "aws:s3/bucketVersioning:BucketVersioning":  # noqa: S105 - a type
        return Danger.DATA_LOSS
    if type_token == "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration":  # noqa: S105 - a type
        return Danger.DATA_LOSS
    if type_token == f"{_EKS}cluster:Cluster" and "version" in roots:
        return Danger.NODES
    if type_token in _WORKLOADS and "spec" in roots:
        return Danger.REPLICAS
    return Danger.REPLICAS if type_token in _ROLLS else Danger.SETTINGS
