"""The part of the order form about the edge: who may call, how much, from where."""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tokenfleet.settings.forms import CertificateArn, Name
from tokenfleet.settings.section import Section

Exposure = Literal["cluster", "internal", "public"]


class ClientSettings(Section):
    """What one client may do; its keys are in the secret `clientKeys`, under the same name."""

    models: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    """Models that it may call, by the names clients use; all, unless given."""
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Requests a minute, on each pod of the edge."""
    tokens_per_minute: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    """Tokens of answers that it may ask for a minute, on each pod of the edge: its requests must then say `max_tokens`."""
    priority: Literal["interactive", "batch"] = "interactive"
    """`batch` is refused sooner where a model is full, so that the others are not."""


class EdgeReplicaSettings(Section):
    """How many pods of the edge, on the system nodes."""

    min: Annotated[int, Field(ge=1, le=100)] = 2
    """Pods at least."""
    max: Annotated[int, Field(ge=1, le=100)] = 4
    """Pods at most, by the load of their processors."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "EdgeReplicaSettings":
        if self.min > self.max:
            msg = f"min {self.min} is larger than max {self.max}: swap them or raise max"
            raise ValueError(msg)
        return self


class EdgeSettings(Section):
    """The one door to all models: a proxy, and what is in front of it."""

    exposure: Exposure = "cluster"
    """Inside the cluster only, or behind a load balancer: of the VPC (`internal`) or of the internet (`public`)."""
    allowed_cidrs: tuple[IPv4Network, ...] = ()
    """Ranges that may call the load balancer."""
    certificate_arn: CertificateArn | None = None
    """Certificate of the load balancer: clients then speak TLS, on port 443; `public` needs one."""
    clients: dict[Name, ClientSettings] = Field(default={})
    """Limits of clients by name; who has a key and is not listed has none."""
    replicas: EdgeReplicaSettings = EdgeReplicaSettings()
    """How many pods of the edge."""
    max_request_mib: Annotated[int, Field(ge=1, le=16)] = 4
    """Largest body of a request, MiB."""
