"""What the drawing of an architecture shows: of a report at hand, or of the document another revision wrote."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tokenfleet.json_document import camel_case
from tokenfleet.preview.report import Report
from tokenfleet.settings.edge import Exposure


class _Drawn(BaseModel):
    """The few fields that are drawn, under the names they have in the report and its document."""

    model_config = ConfigDict(frozen=True, from_attributes=True, alias_generator=camel_case)


class DrawnSubnet(_Drawn):
    """A subnet of a zone."""

    zone: str
    cidr: IPv4Network


class DrawnNetwork(_Drawn):
    """The VPC; each zone has a subnet of both kinds, and a zone by whose NAT gateway it goes out."""

    vpc_cidr: IPv4Network
    public_subnets: tuple[DrawnSubnet, ...]
    private_subnets: tuple[DrawnSubnet, ...] = Field(min_length=1)
    nat_zones: tuple[str, ...]
    nat_zone_by_zone: Mapping[str, str]
    interface_endpoints: tuple[str, ...]

    @property
    def zones(self) -> Sequence[str]:
        """Their names."""
        return [subnet.zone for subnet in self.private_subnets]

    @model_validator(mode="after")
    def _is_whole(self) -> "DrawnNetwork":
        zones = set(self.zones)
        if not (zones == {each.zone for each in self.public_subnets} == {*self.nat_zone_by_zone}):
            msg = "zones without all their subnets"
            raise ValueError(msg)
        return self


class DrawnCluster(_Drawn):
    """The control plane."""

    kubernetes_version: str
    public_access_cidrs: tuple[IPv4Network, ...]


class DrawnName(_Drawn):
    """What clients call by one name."""

    name: str


class DrawnEdge(_Drawn):
    """How clients come in; documents of older versions have no pods of an edge."""

    exposure: Exposure
    allowed_cidrs: tuple[IPv4Network, ...]
    certificate_arn: str | None
    least_pods: int = 0
    most_pods: int = 0
    names: tuple[DrawnName, ...] = ()


class DrawnFollowed(_Drawn):
    """A model whose replicas follow the load."""

    model: str


class DrawnScaling(_Drawn):
    """What makes replicas follow the load."""

    followed: tuple[DrawnFollowed, ...]


class DrawnPlan(_Drawn):
    """The stack."""

    name: str
    region: str
    network: DrawnNetwork
    cluster: DrawnCluster
    edge: DrawnEdge
    scaling: tuple[DrawnScaling, ...] = ()


class DrawnHourly(_Drawn):
    """US dollars an hour; None where a price is missing."""

    least_usd: float | None
    most_usd: float | None


class DrawnTier(_Drawn):
    """One tier of a pool."""

    purchase_option: Literal["reserved", "spot", "on-demand"]
    min_nodes: int
    max_nodes: int
    warm_nodes: int = 0
    """Documents of older versions do not say it."""
    zones: tuple[str, ...]
    hourly: DrawnHourly


class DrawnPool(_Drawn):
    """One pool, or the system nodes (whose ``hardware`` is empty)."""

    name: str
    hardware: str
    instance_types: tuple[str, ...]
    tiers: tuple[DrawnTier, ...]


class DrawnModelPlan(_Drawn):
    """How a model is served."""

    name: str
    pool: str
    min_replicas: int
    max_replicas: int
    context_length: int
    legacy: bool


class DrawnModel(_Drawn):
    """One model with its engine."""

    plan: DrawnModelPlan
    engine_version: str


class DrawnStack(_Drawn):
    """All that is drawn of a stack."""

    plan: DrawnPlan
    pools: tuple[DrawnPool, ...]
    models: tuple[DrawnModel, ...]


def drawn_of(report: Report) -> DrawnStack:
    """What is drawn of a report."""
    return DrawnStack.model_validate(report, by_name=True, by_alias=False)


def drawn_of_document(preview: Mapping[str, Any]) -> DrawnStack | None:
    """What is drawn of a report that was written as JSON; None where it does not say all of it."""
    try:
        return DrawnStack.model_validate(preview)
    except ValidationError:
        return None
