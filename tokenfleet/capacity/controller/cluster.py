"""Nodes, pods and Deployments as the API server has them, reduced to what moves depend on."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

RECLAIM = "tokenfleet.io/reclaim"
"""Taint of a node under notice; its value is the deadline in epoch seconds."""
LEAVING = "tokenfleet.io/leaving"
"""Taint of an empty node that is about to be ended."""
REBALANCE = "tokenfleet.io/rebalance"
"""Annotation of a node: when a rebalance recommendation came, in epoch seconds."""
SURGE = "tokenfleet.io/surge"
"""Annotation of a Deployment: replicas beyond those that are wanted."""
PAUSE = "tokenfleet.io/pause"
"""Annotation of a Deployment, set by a person: no replica is moved for the sake of its price."""
MANAGER = "tokenfleet-capacity"
"""As the API server knows us."""
# The horizontal pod autoscaler, which KEDA makes.
_AUTOSCALER = "kube-controller-manager"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
SCALE_DOWN_DISABLED = "cluster-autoscaler.kubernetes.io/scale-down-disabled"
# A node registers as not ready, and is for some seconds.
_BORN_SECONDS, _BLINK_SECONDS = 5.0, 60.0
# Pods cannot run there yet, or no longer.
_CLOSED = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/", "startup-taint.")


@dataclass(frozen=True, kw_only=True)
class Node:
    """``ready``: pods can run there, or could a moment ago; ``deadline`` of a notice in epoch seconds."""

    name: str
    version: str
    uid: str
    instance: str
    pool: str
    ready: bool
    cordoned: bool
    leaving: bool
    deadline: float | None
    rebalance: float | None
    protected_from_autoscaler: bool
    taints: tuple[Mapping[str, Any], ...]

    def tainted(self, key: str, value: str) -> Mapping[str, Any]:
        """The change that keeps new pods off, with that taint."""
        taint = {"key": key, "value": value, "effect": "NoSchedule"}
        return {"spec": {"taints": [*self.taints, taint]}}

    def untainted(self, key: str) -> Mapping[str, Any]:
        """The change that takes that taint away."""
        return {"spec": {"taints": [taint for taint in self.taints if taint["key"] != key]}}

    @staticmethod
    def of(item: Mapping[str, Any]) -> "Node":
        """From an object of the API."""
        metadata, spec = item["metadata"], item["spec"]
        annotations = metadata.get("annotations", {})
        taints: tuple[Mapping[str, Any], ...] = tuple(spec.get("taints", ()))
        values = {str(taint["key"]): str(taint.get("value", "")) for taint in taints}
        conditions = {c["type"]: c["status"] for c in item.get("status", {}).get("conditions", ())}
        closed = any(
            key.startswith(_CLOSED) and key != "node.kubernetes.io/unschedulable" for key in values
        )
        return Node(
            name=metadata["name"],
            version=metadata["resourceVersion"],
            uid=metadata["uid"],
            instance=str(spec.get("providerID", "")).rpartition("/")[2],
            pool=metadata["labels"]["tokenfleet.io/pool"],
            ready=(conditions.get("Ready") == "True" and not closed) or _blinks(item, time.time()),
            cordoned=bool(spec.get("unschedulable")),
            leaving=LEAVING in values,
            deadline=_number(values.get(RECLAIM)),
            rebalance=_number(annotations.get(REBALANCE)),
            protected_from_autoscaler=annotations.get(SCALE_DOWN_DISABLED) == "true",
            taints=taints,
        )


@dataclass(frozen=True, kw_only=True)
class Pod:
    """``job``: it compiles for its model; ``done``: it has ended by itself; ``ending``: somebody ends it."""

    name: str
    version: str
    uid: str
    model: str
    job: bool
    node: str
    created: float
    ready: bool
    ending: bool
    done: bool
    cost: int

    @staticmethod
    def of(item: Mapping[str, Any]) -> "Pod":
        """From an object of the API."""
        metadata, status = item["metadata"], item.get("status", {})
        labels, annotations = metadata.get("labels", {}), metadata.get("annotations", {})
        conditions = {c["type"]: c["status"] for c in status.get("conditions", ())}
        return Pod(
            name=metadata["name"],
            version=metadata["resourceVersion"],
            uid=metadata["uid"],
            model=labels.get("tokenfleet.io/model", ""),
            job="batch.kubernetes.io/job-name" in labels,
            node=item["spec"].get("nodeName", ""),
            created=datetime.fromisoformat(metadata["creationTimestamp"]).timestamp(),
            ready=conditions.get("Ready") == "True",
            ending="deletionTimestamp" in metadata,
            done=status.get("phase") in ("Succeeded", "Failed"),
            cost=int(_number(annotations.get(DELETION_COST)) or 0),
        )


@dataclass(frozen=True, kw_only=True)
class Surge:
    """Replicas beyond those that are wanted.

    ``total`` is what the Deployment then asked for; of ``replicas`` one is for a return where
    ``returning`` is not 0: since when, in epoch seconds.
    """

    replicas: int = 0
    total: int = 0
    returning: float = 0.0

    @property
    def text(self) -> str | None:
        """The annotation; none where nothing is left to say."""
        if not self.replicas:
            return None
        return json.dumps(
            {"replicas": self.replicas, "total": self.total, "returning": self.returning}
        )

    @staticmethod
    def of(text: str | None) -> "Surge":
        """From the annotation; one that a person broke counts for nothing."""
        try:
            found = json.loads(text or "")
            return Surge(
                replicas=max(0, int(found["replicas"])),
                total=int(found["total"]),
                returning=float(found["returning"]),
            )
        except (KeyError, OverflowError, TypeError, ValueError):
            return Surge()


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A model's; ``rolling``: a release is under way.

    ``marked``: it has an annotation of a surge. ``told``: whoever wrote its replicas last knows
    nothing of a surge, and means just that many.
    """

    name: str
    uid: str
    version: str
    model: str
    replicas: int
    surge: Surge
    marked: bool
    told: bool
    paused: bool
    rolling: bool

    @property
    def busy(self) -> bool:
        """Whether none of its replicas may be moved now for the sake of its price."""
        return self.paused or self.rolling or self.surge.replicas > 0

    @property
    def wanted(self) -> int:
        """Replicas that people or KEDA ask for.

        While surged KEDA only adds, to what it sees; whoever asks for fewer than were there
        means just that many.
        """
        if self.told or self.replicas < self.surge.total:
            return self.replicas
        return max(0, self.replicas - self.surge.replicas)

    @staticmethod
    def of(item: Mapping[str, Any]) -> "Deployment":
        """From an object of the API."""
        metadata, spec, status = item["metadata"], item["spec"], item.get("status", {})
        annotations = metadata.get("annotations", {})
        unseen = status.get("observedGeneration", 0) < metadata["generation"]
        old = status.get("replicas", 0) > status.get("updatedReplicas", 0)
        fields = metadata.get("managedFields", ())
        writer = _last_writer(fields, "f:spec", "f:replicas")
        # `kubectl rollout undo` brings back the annotations of long ago.
        ours = _last_writer(fields, "f:metadata", "f:annotations", f"f:{SURGE}") in (MANAGER, None)
        return Deployment(
            name=metadata["name"],
            uid=metadata["uid"],
            version=metadata["resourceVersion"],
            model=metadata["labels"]["tokenfleet.io/model"],
            replicas=spec.get("replicas", 1),
            surge=Surge.of(annotations.get(SURGE) if ours else None),
            marked=SURGE in annotations,
            told=writer not in (MANAGER, _AUTOSCALER, None),
            paused=annotations.get(PAUSE, "false").lower() not in ("", "false"),
            rolling=unseen or old,
        )


def _last_writer(managed: Sequence[Mapping[str, Any]], *path: str) -> str | None:
    """Who wrote a field last, as the API server has it; of several in one second, not us.

    Who has the field beside us wrote after us: a change of ours would have taken it from them.
    """
    found: list[tuple[str, bool, str]] = []
    for entry in managed:
        fields: Mapping[str, Any] = entry.get("fieldsV1", {})
        for name in path[:-1]:
            fields = fields.get(name, {})
        if path[-1] in fields:
            manager = str(entry.get("manager", ""))
            found.append((str(entry.get("time", "")), manager != MANAGER, manager))
    return max(found)[2] if found else None


def _blinks(node: Mapping[str, Any], now: float) -> bool:
    """Whether a node that was ready is not for less than a minute: most come back."""
    (ready,) = [
        c for c in node.get("status", {}).get("conditions", ()) if c["type"] == "Ready"
    ] or [{}]
    since = ready.get("lastTransitionTime")
    if ready.get("status") == "True" or not since:
        return False
    changed = datetime.fromisoformat(since).timestamp()
    born = datetime.fromisoformat(node["metadata"]["creationTimestamp"]).timestamp()
    return changed - born > _BORN_SECONDS and now - changed < _BLINK_SECONDS


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
