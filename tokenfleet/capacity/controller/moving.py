"""Moving replicas, each step by itself: what fails is said, and tried again at the next look."""

from collections.abc import Mapping

from tokenfleet.capacity.controller.attempts import Attempts
from tokenfleet.capacity.controller.cluster import DELETION_COST, SURGE
from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.kubernetes import (
    NOT_FOUND,
    TOO_MANY_REQUESTS,
    Kubernetes,
    Refused,
)
from tokenfleet.capacity.controller.members import PoolState
from tokenfleet.capacity.controller.replicas import Cost, Evict, Replicas, Scale

_KEDA_PAUSE = "autoscaling.keda.sh/paused-scale-in"
_KEDA_PAUSED_BY_US = "tokenfleet.io/paused-scale-in"


class Moving:
    """Writes to pods and Deployments; in a pool's dry run it only says what it would do."""

    def __init__(self, kubernetes: Kubernetes, attempts: Attempts, journal: Journal) -> None:
        self._kubernetes, self._attempts, self._journal = kubernetes, attempts, journal
        self._let_go: set[str] = set()

    def replicas(self, state: PoolState, planned: Replicas) -> None:
        """Costs before the Deployment shrinks: they say which of its pods goes."""
        marked = True
        for step in planned.steps:
            if state.settings.dry_run:
                self._attempts.would(state, step, _told(step))
                continue
            match step:
                case Cost(pod=pod, cost=cost):
                    change = {"metadata": {"annotations": {DELETION_COST: str(cost)}}}
                    marked &= self._attempts.tried(
                        "mark pod",
                        lambda pod=pod, change=change: self._kubernetes.patch_pod(pod, change),
                    )
                case Scale():
                    if marked or step.replicas >= step.deployment.replicas:
                        self._scale(state, step)
                case Evict():
                    self._evict(state, step)

    def _scale(self, state: PoolState, step: Scale) -> None:
        model, surge = step.deployment.model, step.surge
        if surge.replicas:
            self._let_go.discard(model)
            # A return can wait, a notice cannot: without the pause KEDA may undo it, no more.
            if not self._keda(model, paused=True) and surge.returning:
                return
        metadata = {"annotations": {SURGE: surge.text}}
        change = {"metadata": metadata, "spec": {"replicas": step.replicas}}
        if not self._attempts.tried(
            "scale", lambda: self._kubernetes.patch_deployment(step.deployment, change)
        ):
            return
        was = step.deployment
        more = surge.replicas - was.surge.replicas
        did = "surge" if more > 0 else "settle" if more < 0 else "follow"
        self._journal.say(did, pool=state.settings.name, model=model, wanted=was.wanted,
                          replicas=step.replicas, surge=surge.replicas, why=step.why)  # fmt: skip
        if was.surge.returning and not surge.returning:
            self._journal.metrics.add("moves_total", model=model, outcome=step.why)
        if did == "surge" or step.why == "returned":
            self._journal.about(
                was, "Capacity" + did.capitalize(), f"{step.replicas} replicas: {step.why}"
            )

    def _keda(self, model: str, *, paused: bool) -> bool:
        """Hold KEDA's scale-in while surged; a pause that a person set stays theirs."""
        try:
            found = self._kubernetes.scaled_object(model)
            if found is None or (paused and found.get(_KEDA_PAUSE)):
                return True
            ours = found.get(_KEDA_PAUSED_BY_US) == "true"
            if paused or ours:
                value = "true" if paused else None
                change = {_KEDA_PAUSE: value, _KEDA_PAUSED_BY_US: value}
                self._kubernetes.annotate_scaled_object(model, change)
        except (Refused, OSError) as error:
            self._journal.failed("pause KEDA", type(error).__name__, str(error))
            return False
        return True

    def unpause(self, state: PoolState) -> None:
        """Let go of KEDA where no surge is left, until that has worked once.

        At first, too: a controller may have died between two writes.
        """
        if state.settings.dry_run:
            return
        for model, deployment in state.deployments.items():
            held = not deployment.surge.replicas and model not in self._let_go
            if held and self._keda(model, paused=False):
                self._let_go.add(model)

    def _evict(self, state: PoolState, step: Evict) -> None:
        pod, pool = step.pod, state.settings.name
        said = {"pool": pool, "model": pod.model, "pod": pod.name, "why": step.why}
        try:
            self._kubernetes.evict(pod)
            self._journal.say("evict", **said)
        except Refused as refused:
            if refused.code == NOT_FOUND:
                return
            if refused.code != TOO_MANY_REQUESTS:
                self._journal.failed("evict", str(refused.code), str(refused))
            elif not step.force:
                self._journal.say_seldom("evict refused", 30, **said)
            if step.force and self._attempts.tried(
                "delete pod", lambda: self._kubernetes.delete_pod(pod, round(step.grace_seconds))
            ):
                self._journal.say("force", **said)
                self._journal.metrics.add("forced_evictions_total", pool=pool, model=pod.model)
        except OSError as error:
            self._journal.failed("evict", type(error).__name__, str(error))


def _told(step: Cost | Scale | Evict) -> Mapping[str, object]:
    match step:
        case Cost(pod=pod, cost=cost):
            return {"pod": pod.name, "cost": cost}
        case Scale(deployment=deployment, replicas=count, why=why):
            return {"model": deployment.model, "replicas": count, "why": why}
        case Evict(pod=pod, why=why):
            return {"pod": pod.name, "why": why}
