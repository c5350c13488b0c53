"""Starts of a model on nodes that were not there before: the moments that were recorded of each."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from tokenfleet.plan.measured.objects import Condition, Node, Pod
from tokenfleet.plan.measured.recorded import Recorded, RecordedError

_ENGINE = "vllm"
_WEIGHTS = "load-weights"
_INSTANCE_TYPE = "node.kubernetes.io/instance-type"


class Moment(StrEnum):
    """What a start passes, in this order. Kubernetes tells time in whole seconds."""

    PENDING = "pending"
    """The pod is created, and no node has room for it."""
    LAUNCHED = "launched"
    """EC2 launches the instance, or starts one that was stopped."""
    SCRIPT = "script"
    """The node begins the first command of its boot script."""
    STARTED = "started"
    """Image and weights are there: the engine's container runs."""
    LOADED = "loaded"
    """The engine has the weights in the memory it uses them from."""
    READY = "ready"
    """The pod is Ready, and warm."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """What was recorded of the start of one pod.

    ``moments`` are those known, in order. Beside them: when the node was Ready, when the weights were
    on it, and how many seconds its kubelet took for the engine's image; None where nothing says so.
    """

    pod: str
    instance_type: str
    moments: Mapping[Moment, dt.datetime]
    node_ready: dt.datetime | None
    weights_there: dt.datetime | None
    image_seconds: float | None


def starts_of(hugging_face_id: str, recorded: Recorded) -> Sequence[Start]:
    """Every start of the model, the earliest first.

    A pod counts that is Ready, whose engine never restarted, and whose node joined after the pod
    was created: others say nothing of a node's launch.

    Raises:
        RecordedError: when there is none, or when moments of one contradict each other.
    """
    path = f"/{hugging_face_id}/"
    pods = [pod for pod in recorded.pods if _serves(pod, path)]
    if not pods:
        msg = f"holds no pod that serves {hugging_face_id}: none has a container {_ENGINE} with *{path}* among its arguments"
        raise RecordedError(msg)
    found = [start for pod in pods if (start := _start(pod, recorded))]
    if not found:
        msg = (
            f"holds {len(pods)} of {hugging_face_id}, but no start on a node of its own: the pod must be Ready,"
            " without a restart, and its node younger than itself; raise the replicas by one and record that"
        )
        raise RecordedError(msg)
    return sorted(found, key=lambda start: start.moments[Moment.PENDING])


def _serves(pod: Pod, path: str) -> bool:
    return any(
        path in argument
        for container in pod.spec.containers
        if container.name == _ENGINE
        for argument in (*container.command, *container.args)
    )


def _start(pod: Pod, recorded: Recorded) -> Start | None:
    node = recorded.nodes.get(pod.spec.node_name or "")
    ready = _since(pod.status.conditions, "Ready")
    engine = next((c for c in pod.status.container_statuses if c.name == _ENGINE), None)
    if node is None or ready is None or engine is None or engine.state.running is None:
        return None
    created = pod.metadata.creation_timestamp
    name = pod.metadata.name
    if engine.restart_count or node.metadata.creation_timestamp < created:
        return None
    started = engine.state.running.started_at
    known = {
        Moment.PENDING: created,
        Moment.LAUNCHED: recorded.launches.get(node.instance_id),
        Moment.SCRIPT: recorded.scripts.get(node.metadata.name),
        Moment.STARTED: started,
        Moment.LOADED: next((m for m in recorded.loaded if started <= m <= ready), None),
        Moment.READY: ready,
    }
    moments = {moment: at for moment, at in known.items() if at is not None}
    _check_order(name, moments)
    kind = node.metadata.labels.get(_INSTANCE_TYPE)
    if kind is None:
        msg = f"node {node.metadata.name}: has no label {_INSTANCE_TYPE}, so that nothing says what to compare with"
        raise RecordedError(msg)
    return Start(
        pod=name,
        instance_type=kind,
        moments=moments,
        node_ready=_since(node.status.conditions, "Ready"),
        weights_there=next(_ended(pod), None),
        image_seconds=_image_seconds(pod, node, recorded),
    )


def _check_order(pod: str, moments: Mapping[Moment, dt.datetime]) -> None:
    for (before, first), (after, second) in pairwise(moments.items()):
        # Whole seconds, and two clocks.
        if second < first - dt.timedelta(seconds=1):
            msg = (
                f"pod {pod}: {after} at {second:%H:%M:%S} is before {before} at {first:%H:%M:%S}: these are of"
                " different starts, or of hosts whose clocks differ"
            )
            raise RecordedError(msg)


def _since(conditions: Sequence[Condition], kind: str) -> dt.datetime | None:
    return next(
        (c.last_transition_time for c in conditions if c.type == kind and c.status == "True"), None
    )


def _ended(pod: Pod) -> Iterator[dt.datetime]:
    for container in pod.status.init_container_statuses:
        ended = container.state.terminated
        if container.name == _WEIGHTS and ended and ended.exit_code == 0:
            yield ended.finished_at


def _image_seconds(pod: Pod, node: Node, recorded: Recorded) -> float | None:
    """Of whichever pod came first on the node: a DaemonSet may run the engine's image too."""
    image = next(c.image for c in pod.spec.containers if c.name == _ENGINE)
    took = [
        event.pulled[1]
        for event in recorded.events
        if event.source.host == node.metadata.name and event.pulled and event.pulled[0] == image
    ]
    return max(took, default=None)
