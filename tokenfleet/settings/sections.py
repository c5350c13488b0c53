"""The order form: every key a stack file may hold, its type, its range and its default."""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

# Names end up in Kubernetes labels and Auto Scaling group names; 20 keeps
# "<project>-<stack>-<pool>-on-demand" below the 63 characters of a label value.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$")]
RegionName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d+$")]
ZoneName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d+[a-z]$")]
InstanceTypeName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]
PrincipalArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+$")
]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
ReservationId = Annotated[str, StringConstraints(pattern=r"^cr-[0-9a-f]{8,17}$")]
HuggingFaceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
# A branch or tag moves; only a commit pins what is served.
Revision = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
TagKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/=+@-]+$", max_length=128)]
TagValue = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_ .:/=+@-]*$", max_length=256)]

FORM_BY_TYPE: dict[object, str] = {
    Name: "1 to 20 lower-case letters, digits and hyphens, beginning with a letter",
    RegionName: "an AWS region such as us-east-1",
    ZoneName: "an availability zone such as us-east-1a",
    InstanceTypeName: "an EC2 instance type such as c8gd.4xlarge",
    PrincipalArn: "the ARN of an IAM role or user, such as arn:aws:iam::111122223333:role/Admin",
    Email: "an e-mail address",
    ReservationId: "a capacity reservation id such as cr-0123456789abcdef0",
    HuggingFaceId: "a Hugging Face id such as Qwen/Qwen3-8B",
    Revision: "a full commit id, 40 hexadecimal digits: a branch or tag would move",
    TagKey: "a tag key: up to 128 letters, digits and _.:/=+-@",
    TagValue: "a tag value: up to 256 letters, digits, spaces and _.:/=+-@",
}
"""What each patterned text must look like, for messages."""

Hardware = Literal["graviton4", "inferentia2", "h100", "h200", "l4", "l40s", "a100", "b200"]
PurchaseOption = Literal["reserved", "spot", "on-demand"]
# In standard support past the turn of the year (AWS ends 1.34 on 2026-12-02); extended support
# multiplies the price of the control plane by six.
KubernetesVersion = Literal["1.35", "1.36"]
ControlPlaneLog = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]
InterfaceEndpoint = Literal[
    "autoscaling", "ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "kms", "logs", "ssm", "sts"
]
# The retention periods CloudWatch Logs accepts that make sense for a control plane, in days.
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 180, 365]


def _private(network: IPv4Network) -> IPv4Network:
    ranges = [IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
    if not any(network.subnet_of(private) for private in ranges):
        msg = "must lie in a private range: 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
        raise ValueError(msg)
    return network


# AWS allows /16 at most. Eight zone slots, each split into a private and a public half: below
# /20 the public subnets would be smaller than the /28 that AWS accepts.
_LARGEST_VPC, _SMALLEST_VPC = 16, 20


def _sixteen_to_twenty(network: IPv4Network) -> IPv4Network:
    if not _LARGEST_VPC <= network.prefixlen <= _SMALLEST_VPC:
        msg = "must be between /16 (the largest VPC AWS allows) and /20 (room for eight zones)"
        raise ValueError(msg)
    return network


VpcCidr = Annotated[IPv4Network, AfterValidator(_private), AfterValidator(_sixteen_to_twenty)]


class Section(BaseModel):
    """A part of the order form: frozen, camelCase outside, unknown keys refused.

    Strict, and always parsed from JSON: a number in quotes or a bare 1.35 is a mistake to
    report, never something to guess at.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        allow_inf_nan=False,
        str_strip_whitespace=True,
    )


class NetworkSettings(Section):
    """The VPC: which zones, which addresses, how it reaches the outside."""

    zones: Annotated[tuple[ZoneName, ...], Field(min_length=2, max_length=8)]
    cidr: VpcCidr = IPv4Network("10.0.0.0/16")
    nat_gateways: Literal["single", "onePerZone"] = "single"
    interface_endpoints: tuple[InterfaceEndpoint, ...] = ()
    flow_logs: bool = False


class SystemNodeSettings(Section):
    """The nodes that run the cluster's own controllers, never models."""

    instance_type: InstanceTypeName = "m8g.large"
    count: Annotated[int, Field(ge=1, le=6)] = 2


class ClusterSettings(Section):
    """The EKS control plane and who may reach it."""

    kubernetes_version: KubernetesVersion = "1.35"
    service_cidr: Annotated[IPv4Network, AfterValidator(_private)] = IPv4Network("172.20.0.0/16")
    public_access_cidrs: tuple[IPv4Network, ...] = ()
    admin_principals: dict[Name, PrincipalArn] = {}
    deletion_protection: bool = True
    system_nodes: SystemNodeSettings = SystemNodeSettings()


class ReservationSettings(Section):
    """Capacity bought beforehand, in one zone."""

    capacity_reservation_id: ReservationId
    zone: ZoneName
    capacity_block: bool = False


class TierSettings(Section):
    """Bounds of one purchase option, in nodes."""

    min: Annotated[int, Field(ge=0, le=1000)] = 0
    max: Annotated[int, Field(ge=1, le=1000)]
    reservation: ReservationSettings | None = None

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "TierSettings":
        if self.min > self.max:
            msg = f"min {self.min} is larger than max {self.max}: swap them or raise max"
            raise ValueError(msg)
        return self


class PoolSettings(Section):
    """One kind of hardware and the ways it is bought."""

    hardware: Hardware
    instance_types: Annotated[tuple[InstanceTypeName, ...], Field(min_length=1, max_length=40)]
    tiers: Annotated[dict[PurchaseOption, TierSettings], Field(min_length=1)]


class ReplicaSettings(Section):
    """How many vLLM servers of one model."""

    min: Annotated[int, Field(ge=1, le=1000)] = 1
    max: Annotated[int, Field(ge=1, le=1000)]

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "ReplicaSettings":
        if self.min > self.max:
            msg = f"min {self.min} is larger than max {self.max}: swap them or raise max"
            raise ValueError(msg)
        return self


class ObjectiveSettings(Section):
    """What a user of the model is promised, 99th percentiles in milliseconds."""

    ttft_p99_ms: Annotated[int, Field(gt=0, le=600_000)] = 2_000
    itl_p99_ms: Annotated[int, Field(gt=0, le=60_000)] = 200


class TrafficSettings(Section):
    """Expected load on the whole model: mean request rate and mean lengths in tokens."""

    requests_per_second: Annotated[float, Field(gt=0, le=100_000)]
    input_tokens: Annotated[int, Field(ge=1, le=10_000_000)]
    output_tokens: Annotated[int, Field(ge=1, le=10_000_000)]


class ModelSettings(Section):
    """One served model at one revision."""

    hugging_face_id: HuggingFaceId
    revision: Revision
    config_json: str | None = None
    pool: Name
    context_length: Annotated[int, Field(ge=128, le=10_000_000)]
    replicas: ReplicaSettings
    objective: ObjectiveSettings = ObjectiveSettings()
    traffic: TrafficSettings | None = None


class EdgeSettings(Section):
    """The way in to the models."""

    exposure: Literal["cluster", "internal"] = "cluster"
    allowed_cidrs: tuple[IPv4Network, ...] = ()


class ObservabilitySettings(Section):
    """What the control plane and the network write down, and for how long."""

    control_plane_logs: tuple[ControlPlaneLog, ...] = (
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    )
    log_retention_days: LogRetentionDays = 30


class CostSettings(Section):
    """Who pays, how much is expected, and whom to tell."""

    monthly_budget_usd: Annotated[float, Field(gt=0, le=1e9)] | None = None
    alert_emails: Annotated[tuple[Email, ...], Field(max_length=10)] = ()
    tags: dict[TagKey, TagValue] = {}


class Settings(Section):
    """A whole stack file, trusted from here on."""

    region: RegionName
    network: NetworkSettings
    cluster: ClusterSettings = ClusterSettings()
    pools: Annotated[dict[Name, PoolSettings], Field(min_length=1)]
    models: Annotated[dict[Name, ModelSettings], Field(min_length=1)]
    edge: EdgeSettings = EdgeSettings()
    observability: ObservabilitySettings = ObservabilitySettings()
    cost: CostSettings = CostSettings()
