"""How dangerous a change of a resource is, by what it takes away and from whom."""

import math
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

from tokenfleet.policies.values import mapping

Action = Literal["create", "update", "replace", "delete"]


class Danger(StrEnum):
    """From what nobody notices to what nobody gets back."""

    ADDITION = "addition"
    SETTINGS = "settings"
    REPLICAS = "replicas"
    NODES = "nodes"
    OUTAGE = "outage"
    DATA_LOSS = "data-loss"

    @property
    def rank(self) -> int:
        """Higher is more dangerous."""
        return list(Danger).index(self)


_EKS, _EC2, _CORE = "aws:eks/", "aws:ec2/", "kubernetes:core/v1:"

HOLDS_DATA: Mapping[str, str] = {
    "aws:s3/bucket:Bucket": "its objects: published weights and compiled artifacts",
    "aws:s3/bucketVersioning:BucketVersioning": "older versions of objects, which stop being kept",
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
    "kubernetes:apps/v1:Deployment": "every replica of it at once",
    "kubernetes:apps/v1:DaemonSet": "its pod on every node at once",
    "kubernetes:apps/v1:StatefulSet": "every replica of it at once",
    "aws:autoscaling/group:Group": "its nodes, which are not drained first",
    "aws:eks/nodeGroup:NodeGroup": "its nodes",
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
    "kubernetes:helm.sh/v3:Release": "what the chart installs",
}
NODES_OF = frozenset({"aws:autoscaling/group:Group", "aws:eks/nodeGroup:NodeGroup"})
"""Types that take nodes with them."""

# Pods that run have read it; those that start while it is away wait for the new one.
_READ_AT_START = frozenset({f"{_CORE}ConfigMap", f"{_CORE}Secret"})
_WORKLOADS = frozenset(
    {
        "kubernetes:apps/v1:Deployment",
        "kubernetes:apps/v1:DaemonSet",
        "kubernetes:apps/v1:StatefulSet",
    }
)
# What stops keeping what it kept.
_FORGETS = frozenset(
    {
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    }
)
_PROMINENCE = {each: place for place, each in enumerate((*HOLDS_DATA, *_ALL_STAND_ON))}
_VERSIONING = "versioningConfiguration.status"
_ROLLS = frozenset({f"{_EKS}addon:Addon", "kubernetes:helm.sh/v3:Release"})


def danger_of(
    resource: Mapping[str, Any],
    action: Action,
    changed: Mapping[str, tuple[object, object]],
    *,
    is_kept: bool,
) -> Danger:
    """The danger of an action; ``resource`` is as it will be.

    ``changed`` are the inputs that differ, before and after by their paths.

    ``is_kept`` says that what is deleted stays behind (retainOnDelete). A type that is in no
    table is judged by its action alone.
    """
    type_token: str = resource["type"]
    if action == "create":
        return Danger.ADDITION
    if action == "update":
        return _of_update(type_token, resource["inputs"], changed)
    if type_token in HOLDS_DATA and not is_kept:
        return Danger.DATA_LOSS
    if type_token in _READ_AT_START and action == "replace":
        return Danger.SETTINGS
    if type_token in NODES_OF:
        return Danger.NODES
    return Danger.OUTAGE if type_token in _ALL_STAND_ON else Danger.SETTINGS


def replicas_at_once(deployment: Mapping[str, Any]) -> tuple[int, int]:
    """Replicas, and how many of them a rollout takes away before new ones are there.

    Source: Kubernetes, Deployment, rollingUpdate (both may be percentages; unavailable rounds
    down, surge up).
    """
    spec = mapping(deployment.get("spec"))
    replicas = int(str(spec.get("replicas", 1)))
    strategy = mapping(spec.get("strategy"))
    if strategy.get("type") == "Recreate":
        return replicas, replicas
    rolling = mapping(strategy.get("rollingUpdate"))
    away = _of(rolling.get("maxUnavailable", "25%"), replicas, math.floor)
    more = _of(rolling.get("maxSurge", "25%"), replicas, math.ceil)
    return replicas, min(replicas, max(away, 0 if more else 1))


def _of(bound: object, replicas: int, rounded: Callable[[float], int]) -> int:
    text = str(bound)
    share = float(text.removesuffix("%"))
    return rounded(share * replicas / 100) if text.endswith("%") else int(share)


def is_controller(deployment: Mapping[str, Any]) -> bool:
    """Whether clients never call its pods: those of the capacity controller."""
    return mapping(deployment.get("metadata")).get("name") == "capacity-controller"


def prominence(type_token: str) -> int:
    """Less is what readers ask about first, among what is as dangerous."""
    return _PROMINENCE.get(type_token, len(_PROMINENCE))


def guards_lifted(changed: Mapping[str, tuple[object, object]]) -> Iterator[str]:
    """What stops being kept from deletion by an update, a line each."""
    for path, (before, after) in changed.items():
        if path == "deletionProtection" and before and not after:
            yield "nothing protects it from deletion any more"
        if path == "forceDestroy" and after and not before:
            yield "it may be deleted with all that is in it"
        if path == "retentionInDays" and is_lowered((before, after)):
            yield f"logs older than {after} days go"
        if path == _VERSIONING and before == "Enabled":
            yield "older versions of objects stop being kept"


def what_goes(type_token: str) -> str:
    """What is gone with a resource of that type, or nothing that is known."""
    return HOLDS_DATA.get(type_token) or _ALL_STAND_ON.get(type_token, "")


def _of_update(
    type_token: str, inputs: Mapping[str, Any], changed: Mapping[str, tuple[object, object]]
) -> Danger:
    if _forgets(type_token, changed):
        return Danger.DATA_LOSS
    if type_token in _WORKLOADS:
        if any(path.startswith("spec.template") for path in changed):
            return _of_rollout(type_token, inputs)
        return Danger.REPLICAS if is_lowered(changed.get("spec.replicas")) else Danger.SETTINGS
    if _ends_nodes(type_token, inputs, changed):
        return Danger.NODES
    return Danger.REPLICAS if type_token in _ROLLS else Danger.SETTINGS


def _forgets(type_token: str, changed: Mapping[str, tuple[object, object]]) -> bool:
    begins = {path: after for path, (_, after) in changed.items()} == {_VERSIONING: "Enabled"}
    return (type_token in _FORGETS and not begins) or is_lowered(changed.get("retentionInDays"))


def _ends_nodes(
    type_token: str, inputs: Mapping[str, Any], changed: Mapping[str, tuple[object, object]]
) -> bool:
    if type_token == f"{_EKS}cluster:Cluster":
        return "version" in changed
    # None on both sides: subnets that are there only once the old ones go.
    moves = (None, None) in (
        pair for path, pair in changed.items() if path.startswith("vpcZoneIdentifiers")
    )
    lowered = is_lowered(changed.get("maxSize")) and not inputs.get("protectFromScaleIn")
    return type_token in NODES_OF and (moves or lowered)


def is_lowered(pair: tuple[object, object] | None) -> bool:
    """Whether a number is less than it was."""
    before, after = pair or (None, None)
    return isinstance(before, int | float) and isinstance(after, int | float) and after < before


def _of_rollout(type_token: str, inputs: Mapping[str, Any]) -> Danger:
    if not type_token.endswith(":Deployment"):
        return Danger.REPLICAS
    replicas, away = replicas_at_once(inputs)
    if not replicas:
        return Danger.SETTINGS
    return Danger.REPLICAS if away < replicas or is_controller(inputs) else Danger.OUTAGE
