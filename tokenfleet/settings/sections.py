"""The order form: every key a stack file may hold, its type, its range and its default."""

import datetime as dt
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from tokenfleet.settings.edge import EdgeSettings
from tokenfleet.settings.forms import (
    AccountId,
    CacheSecretArn,
    Digest,
    Email,
    ImageId,
    InstanceTypeName,
    Name,
    PinnedImage,
    PricedName,
    PrincipalArn,
    PulledName,
    RegionName,
    ReservationId,
    SnapshotName,
    TagKey,
    TagValue,
    VpcCidr,
    ZoneId,
    ZoneName,
    no_switch,
    private,
)
from tokenfleet.settings.hardware import PoolHardware
from tokenfleet.settings.models import ModelSettings
from tokenfleet.settings.section import Section

PurchaseOption = Literal["reserved", "spot", "on-demand"]
# In standard support past the turn of the year (AWS ends 1.34 on 2026-12-02); extended support
# multiplies the price of the control plane by six.
KubernetesVersion = Literal["1.35", "1.36"]
ControlPlaneLog = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]
InterfaceEndpoint = Literal[
    "autoscaling", "ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "kms", "logs", "ssm", "sts"
]
# The retention periods CloudWatch Logs accepts that make sense for a control plane, in days.
# Of the 50 tags that a resource may have (Auto Scaling user guide, "Tag restrictions", as of EC2, EKS,
# IAM and S3), an Auto Scaling group needs some 20 for the program, the cluster and the autoscaler.
MOST_TAGS = 25
LogRetentionDays = Annotated[
    Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 180, 365], BeforeValidator(no_switch)
]


class NetworkSettings(Section):
    """The VPC: which zones, which addresses, how it reaches the outside."""

    zones: tuple[ZoneName, ...]
    """Availability zones, two or more; each keeps its ranges for ever."""
    zone_ids: dict[ZoneName, ZoneId] = Field(default={})
    """The id of each in your account, such as use1-az1: with them, instance types are checked by zone."""
    cidr: VpcCidr = IPv4Network("10.0.0.0/16")
    """Range of the VPC, private, between /16 and /20."""
    nat_gateways: Literal["single", "onePerZone"] = "single"
    """One gateway for all zones, or one in each (dearer, survives a zone)."""
    interface_endpoints: tuple[InterfaceEndpoint, ...] = ()
    """AWS services reached without NAT; [seldom worth their price](running-cost.md#endpoints)."""
    flow_logs: bool = False
    """Whether to record every connection of the VPC in CloudWatch Logs."""


class SystemNodeSettings(Section):
    """The nodes that run the cluster's own controllers, never models."""

    instance_type: InstanceTypeName = "m8g.large"
    """EC2 type, without accelerators."""
    image_id: ImageId | None = None
    """EKS image of Amazon Linux 2023 in the stack's region, for this version, architecture and driver; else the pinned release."""
    count: Annotated[int, Field(ge=1, le=6)] = 2
    """How many, always running, on demand."""


class ImageCacheSettings(Section):
    """Engine images by way of the account's own registry, ECR, instead of a NAT gateway."""

    enabled: bool = False
    """Whether nodes pull engine images through ECR, which keeps a copy; needs `account`."""
    docker_hub_secret_arn: CacheSecretArn | None = None
    """ARN of the secret with the Docker Hub user and access token that ECR pulls with."""


class ClusterSettings(Section):
    """The EKS control plane and who may reach it."""

    kubernetes_version: KubernetesVersion = "1.35"
    """Minor version of EKS, in quotes."""
    service_cidr: Annotated[IPv4Network, AfterValidator(private)] = IPv4Network("172.20.0.0/16")
    """Range of Kubernetes services; must not overlap the VPC."""
    public_access_cidrs: tuple[IPv4Network, ...] = ()
    """Public ranges that may reach the Kubernetes API; none closes the public endpoint."""
    admin_principals: dict[Name, PrincipalArn] = Field(default={})
    """Cluster administrators, whoever deploys among them: a name of your choice to an IAM ARN."""
    deletion_protection: bool = True
    """Whether the cluster and a bucket that is not empty refuse to be deleted."""
    node_access: Literal["none", "ssm"] = "none"
    """Who may open a shell on nodes: nobody, or through Session Manager whoever IAM lets."""
    digests: dict[PulledName, Digest] = Field(default={})
    """What an image, or a chart in a registry, must be, by the name that the preview gives it."""
    system_nodes: SystemNodeSettings = SystemNodeSettings()
    """Nodes of the cluster's own controllers."""
    image_cache: ImageCacheSettings = ImageCacheSettings()
    """Engine images kept in the account's own registry."""


class ReservationSettings(Section):
    """Capacity bought beforehand, in one zone."""

    capacity_reservation_id: ReservationId
    """Id of the reservation or capacity block."""
    zone: ZoneName
    """The zone it is in."""
    capacity_block: bool = False
    """Whether it is a capacity block."""


class TierSettings(Section):
    """Bounds of one purchase option, in nodes."""

    min: Annotated[int, Field(ge=0, le=1000)] = 0
    """Nodes that always run; of a reservation all do."""
    max: Annotated[int, Field(ge=1, le=1000)]
    """Nodes at most."""
    reservation: ReservationSettings | None = None
    """What a reserved tier launches into."""
    warm_nodes: Annotated[int, Field(ge=0, le=1000)] = 0
    """Stopped nodes that wait with image and weights on their disks, on demand and without local disks; only the disks are paid for."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "TierSettings":
        if self.min > self.max:
            msg = f"min {self.min} is larger than max {self.max}: swap them or raise max"
            raise ValueError(msg)
        return self


class BakedSettings(Section):
    """A machine image that `tokenfleet bake` made: the engine's image is unpacked on it."""

    image_id: ImageId
    """The machine image, in the stack's region."""
    engine_image: PinnedImage
    """The engine's image on it, by tag and digest, which has to be the one the pool serves with."""
    weights: tuple[SnapshotName, ...] = ()
    """Published revisions that are on it too, `organisation/model/revision`."""


class PoolSettings(Section):
    """One kind of hardware and the ways it is bought."""

    hardware: PoolHardware
    """What serves."""
    instance_types: Annotated[tuple[InstanceTypeName, ...], Field(min_length=1, max_length=40)]
    """EC2 types that are interchangeable; on demand, the first is asked for first."""
    image_id: ImageId | None = None
    """EKS image of Amazon Linux 2023 in the stack's region, for this version, architecture and driver; else the pinned release."""
    baked: BakedSettings | None = None
    """Instead of `imageId`, one with the engine's image on it: nothing is pulled at boot."""
    tiers: Annotated[dict[PurchaseOption, TierSettings], Field(min_length=1)]
    """Ways to buy, by name: `reserved` runs whole, the rest on `spot` where it is to be had, else `on-demand`."""
    care: Annotated[float, Field(ge=0, le=10)] = 1.0
    """What an hour without a replica is worth: 0 cheapest, 1 balanced, 2 or more careful."""
    spare: Annotated[int, Field(ge=0, le=1000)] = 0
    """Spot nodes to keep beyond what is wanted."""
    dry_run: bool = False
    """Whether the capacity controller only decides and logs: nodes come on demand, by the autoscaler."""


class ObservabilitySettings(Section):
    """What the control plane and the network write down, and for how long."""

    control_plane_logs: tuple[ControlPlaneLog, ...] = (
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    )
    """Logs of the control plane to keep."""
    log_retention_days: LogRetentionDays = 30
    """Days that logs are kept."""


class PriceSettings(Section):
    """A price that the catalogue does not know, or knows otherwise, in the stack's region."""

    usd: Annotated[float, Field(gt=0, le=1e6)] | None = None
    """An hour of the type on demand, or a unit of the service, US dollars."""
    spot_usd: Annotated[float, Field(gt=0, le=1e6)] | None = None
    """An hour of the type on spot, US dollars."""
    source: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """Where the price is from."""
    date: dt.date
    """The day it was true."""


class CostSettings(Section):
    """Who pays, how much is expected, and whom to tell."""

    monthly_budget_usd: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """Budget of the stack, US dollars a month; an AWS budget is made of it."""
    alert_emails: Annotated[tuple[Email, ...], Field(max_length=10)] = ()
    """Who is told at 80 % of it spent, and when all of it is forecast to be."""
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=MOST_TAGS)] = Field(default={})
    """Tags of everything, for cost allocation."""
    prices: dict[PricedName, PriceSettings] = Field(default={})
    """Prices by instance type or service (`tokenfleet catalogue regions` names them), before those of the catalogue."""


class Settings(Section):
    """A whole stack file, trusted from here on."""

    region: RegionName
    """AWS region."""
    account: AccountId | None = None
    """AWS account that the stack must be deployed into, in quotes; another one is refused."""
    network: NetworkSettings
    """The VPC."""
    cluster: ClusterSettings = ClusterSettings()
    """The EKS cluster."""
    pools: Annotated[dict[Name, PoolSettings], Field(min_length=1)]
    """Kinds of hardware by a name of your choice."""
    models: Annotated[dict[Name, ModelSettings], Field(min_length=1)]
    """Served models by a name of your choice, which is the name clients use."""
    edge: EdgeSettings = EdgeSettings()
    """The way in to the models."""
    observability: ObservabilitySettings = ObservabilitySettings()
    """Logs."""
    cost: CostSettings = CostSettings()
    """Budget and tags."""
