"""What is read of pods, nodes, events and instances; fields are called as Kubernetes and EC2 call them."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel, to_pascal

# A Go duration, as the kubelet writes it: 850ms, 57.1s, 1m3.2s, 1h2m3s.
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?")
_PULLED = re.compile(r'Successfully pulled image "(?P<image>[^"]+)" in (?P<took>\S+)')
_WAITED = re.compile(r"\((?P<took>\S+) including waiting\)")
_PRESENT = re.compile(r'Container image "(?P<image>[^"]+)" already present on machine')


def _text(value: object) -> object:
    if not isinstance(value, str):
        msg = "should be a time such as 2026-11-29T10:00:00Z"
        raise ValueError(msg)  # noqa: TRY004 - pydantic reports a ValueError
    return value


Timestamp = Annotated[AwareDatetime, BeforeValidator(_text)]
"""A time with its zone; a bare number is none, though it could be seconds since 1970."""


class _Read(BaseModel):
    """Frozen; what is not read is left out, as there is much of it."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class Metadata(_Read):
    """When an object came to be, and what it is called."""

    name: str
    creation_timestamp: Timestamp
    labels: Mapping[str, str] = {}


class Condition(_Read):
    """A condition of a pod or a node, and since when it has been so."""

    type: str
    status: str
    last_transition_time: Timestamp


class Running(_Read):
    """Since when a container runs."""

    started_at: Timestamp


class Terminated(_Read):
    """When a container ended, and how."""

    finished_at: Timestamp
    exit_code: int


class ContainerState(_Read):
    """One of the states of a container."""

    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(_Read):
    """How a container of a pod fares."""

    name: str
    restart_count: int
    state: ContainerState


class Container(_Read):
    """What a container runs."""

    name: str
    image: str
    command: Sequence[str] = ()
    args: Sequence[str] = ()


class PodSpec(_Read):
    """Where a pod is, and what it runs."""

    node_name: str | None = None
    containers: Sequence[Container]


class PodStatus(_Read):
    """How a pod fares."""

    conditions: Sequence[Condition] = ()
    container_statuses: Sequence[ContainerStatus] = ()
    init_container_statuses: Sequence[ContainerStatus] = ()


class Pod(_Read):
    """A pod of core/v1."""

    metadata: Metadata
    spec: PodSpec
    status: PodStatus


class NodeSpec(_Read):
    """Which instance a node is: ``aws:///us-east-1a/i-0123456789abcdef0``."""

    provider_id: str = Field(default="", alias="providerID")


class NodeStatus(_Read):
    """How a node fares."""

    conditions: Sequence[Condition] = ()


class Node(_Read):
    """A node of core/v1."""

    metadata: Metadata
    spec: NodeSpec
    status: NodeStatus

    @property
    def instance_id(self) -> str:
        """The last part of ``providerID``."""
        return self.spec.provider_id.rpartition("/")[2]


class InvolvedObject(_Read):
    """What an event is about."""

    kind: str
    name: str = ""


class EventSource(_Read):
    """Who saw an event: for the kubelet, ``host`` is its node."""

    host: str = ""


class Event(_Read):
    """An event of core/v1."""

    reason: str = ""
    message: str = ""
    involved_object: InvolvedObject
    source: EventSource = EventSource()

    @property
    def pulled(self) -> tuple[str, float] | None:
        """The image that a kubelet has now, and the seconds it took, waiting included.

        None where the event says something else. Wording: kubernetes/kubernetes
        pkg/kubelet/images/image_manager.go.
        """
        if self.reason != "Pulled":
            return None
        if present := _PRESENT.match(self.message):
            return present["image"], 0.0
        pulled = _PULLED.match(self.message)
        if pulled is None:
            return None
        took = _WAITED.search(self.message) or pulled
        seconds = _seconds(took["took"])
        return None if seconds is None else (pulled["image"], seconds)


class Instance(BaseModel):
    """An instance as ``aws ec2 describe-instances`` shows it; a start renews ``LaunchTime``."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_pascal)

    instance_id: str
    launch_time: Timestamp


class Reservation(BaseModel):
    """Instances that were launched together."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_pascal)

    instances: Sequence[Instance]


def _seconds(duration: str) -> float | None:
    found = _DURATION.fullmatch(duration)
    if found is None:
        return None
    hours, minutes, seconds, thousandths = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
