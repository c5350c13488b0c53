"""Carrying steps out, each by itself: what fails is said, and tried again at the next look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tokenfleet.capacity.controller.cluster import (
    DELETION_COST,
    LEAVING,
    RECLAIM,
    SCALE_DOWN_DISABLED,
    SURGE,
    Node,
)
from tokenfleet.capacity.controller.groups import CloudError, Groups, Instance
from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.kubernetes import (
    CONFLICT,
    NOT_FOUND,
    TOO_MANY_REQUESTS,
    Kubernetes,
    Refused,
)
from tokenfleet.capacity.controller.machines import Close, End, Keep, Launch, Machines
from tokenfleet.capacity.controller.members import Member, PoolState
from tokenfleet.capacity.controller.replicas import Cost, Evict, Replicas, Scale
from tokenfleet.capacity.controller.settings import ON_DEMAND, SPOT

# A launched instance counts although DescribeAutoScalingGroups does not show it yet.
_UNSEEN_SECONDS = 30.0
_KEDA_PAUSE = "autoscaling.keda.sh/paused-scale-in"
_KEDA_PAUSED_BY_US = "tokenfleet.io/paused-scale-in"
_LONGEST_REST = 60.0


@dataclass(kw_only=True)
class Outcome:
    """What asking has told, for the next decision."""

    refused: dict[str, int] = field(default_factory=dict[str, int])
    on_demand_refused: int = 0
    launched: int = 0


class Doing:
    """Writes to AWS and Kubernetes; in a pool's dry run it only says what it would do."""

    def __init__(self, groups: Groups, kubernetes: Kubernetes, journal: Journal) -> None:
        self._groups, self._kubernetes, self._journal = groups, kubernetes, journal
        self._unseen: dict[str, tuple[Instance, float]] = {}
        self._rests: dict[str, tuple[float, float]] = {}
        self._zone_rests: dict[tuple[str, str], float] = {}

    def with_unseen(self, instances: Sequence[Instance], now: float) -> Sequence[Instance]:
        """And those launched a moment ago."""
        shown = {instance.id for instance in instances}
        self._unseen = {
            key: (instance, until)
            for key, (instance, until) in self._unseen.items()
            if key not in shown and until > now
        }
        return [*instances, *(instance for instance, _ in self._unseen.values())]

    def machines(self, state: PoolState, planned: Machines) -> Outcome:
        """Launch first, because others wait for that; end last."""
        outcome = Outcome()
        order = (Keep, Launch, Close, End)
        for step in sorted(planned.steps, key=lambda step: order.index(type(step))):
            if state.settings.dry_run:
                self._would(state, type(step).__name__.lower(), _told(step))
                continue
            match step:
                case Launch():
                    self._launch(state, step, outcome)
                case Keep(member=member):
                    self._leave(member, leaving=False)
                case Close(member=member):
                    self._leave(member, leaving=True)
                case End():
                    self._end(state, step, outcome)
        return outcome

    def _launch(self, state: PoolState, step: Launch, outcome: Outcome) -> None:
        group, missing = state.settings.groups[step.tier], step.count
        rested = [z for z in step.zones if self._zone_rests.get((group, z), 0) <= state.now]
        for zone in rested if step.tier == ON_DEMAND else step.zones:
            if not missing or self._resting(group, state.now):
                break
            there = [m.instance.id for m in state.of_tier(step.tier)]
            try:
                got = self._groups.launch(group, zone, missing, there=there, now=state.now)
            except CloudError as error:
                self._rest(group, state, error)
                break
            self._forgive(group)
            self._launched(state, step.tier, zone, got.instances)
            outcome.launched += len(got.instances)
            missing -= len(got.instances)
            if got.code:
                self._refused(state, step.tier, zone, got.code, missing)
                if step.tier == SPOT:
                    outcome.refused[zone] = outcome.refused.get(zone, 0) + missing
                else:
                    self._zone_rests[group, zone] = state.now + state.settings.knobs.rest
        if step.tier == ON_DEMAND and not self._resting(group, state.now):
            outcome.on_demand_refused = missing

    def _launched(self, state: PoolState, tier: str, zone: str, ids: Sequence[str]) -> None:
        pool, group = state.settings.name, state.settings.groups[tier]
        for instance in ids:
            self._unseen[instance] = (
                Instance(id=instance, group=group, zone=zone, type="", in_service=False),
                state.now + _UNSEEN_SECONDS,
            )
        if ids:
            self._journal.say("launch", pool=pool, tier=tier, zone=zone, instances=list(ids))
            self._journal.metrics.add("launches_total", len(ids), pool=pool, tier=tier)

    def _refused(self, state: PoolState, tier: str, zone: str, code: str, count: int) -> None:
        pool = state.settings.name
        self._journal.say("refused", pool=pool, tier=tier, zone=zone, code=code, count=count)
        self._journal.metrics.add(
            "refusals_total", max(1, count), pool=pool, tier=tier, zone=zone, code=code
        )

    def _leave(self, member: Member, *, leaving: bool) -> None:
        node = member.node
        if node is None:
            return
        taints = [taint for taint in node.taints if taint["key"] != LEAVING]
        if leaving:
            taints.append({"key": LEAVING, "value": "true", "effect": "NoSchedule"})
        if self._patched(node, {"spec": {"taints": taints}}):
            self._journal.say("close" if leaving else "keep", node=node.name)

    def _end(self, state: PoolState, step: End, outcome: Outcome) -> None:
        member, pool = step.member, state.settings.name
        try:
            self._groups.end(member.instance)
        except CloudError as error:
            self._journal.failed(error.call, error.code, str(error))
            return
        self._unseen.pop(member.instance.id, None)
        zone = member.instance.zone
        self._journal.say("end", pool=pool, tier=member.tier, zone=zone,
                          instance=member.instance.id, why=step.why)  # fmt: skip
        self._journal.metrics.add("ends_total", pool=pool, tier=member.tier, why=step.why)
        if member.late and member.tier == SPOT:
            outcome.refused[zone] = outcome.refused.get(zone, 0) + 1
            self._refused(state, member.tier, zone, "NeverJoined", 1)

    def replicas(self, state: PoolState, planned: Replicas) -> None:
        """Costs before the Deployment shrinks: they say which of its pods goes."""
        marked = True
        for step in planned.steps:
            if state.settings.dry_run:
                self._would(state, type(step).__name__.lower(), _told(step))
                continue
            match step:
                case Cost(pod=pod, cost=cost):
                    change = {"metadata": {"annotations": {DELETION_COST: str(cost)}}}
                    marked &= self._tried(
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
        if surge.replicas and not self._keda(model, paused=True):
            return
        metadata = {"annotations": {SURGE: surge.text}}
        change = {"metadata": metadata, "spec": {"replicas": step.replicas}}
        if not self._tried(
            "scale", lambda: self._kubernetes.patch_deployment(step.deployment, change)
        ):
            return
        was = step.deployment
        did = "surge" if surge.replicas > was.surge.replicas else "settle"
        self._journal.say(did, pool=state.settings.name, model=model, wanted=was.wanted,
                          replicas=step.replicas, surge=surge.replicas, why=step.why)  # fmt: skip
        if was.surge.returning and not surge.returning:
            self._journal.metrics.add("moves_total", model=model, outcome=step.why)
        if did == "surge" or step.why == "returned":
            self._journal.about(
                was, "Capacity" + did.capitalize(), f"{step.replicas} replicas: {step.why}"
            )
        if not surge.replicas:
            self._keda(model, paused=False)

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
        """Let go of what a controller that died between two writes has left paused."""
        if state.settings.dry_run:
            return
        for model, deployment in state.deployments.items():
            if not deployment.surge.replicas:
                self._keda(model, paused=False)

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
            if step.force and self._tried(
                "delete pod", lambda: self._kubernetes.delete_pod(pod, round(step.grace_seconds))
            ):
                self._journal.say("force", **said)
                self._journal.metrics.add("forced_evictions_total", pool=pool, model=pod.model)
        except OSError as error:
            self._journal.failed("evict", type(error).__name__, str(error))

    def upkeep(self, state: PoolState) -> None:
        """Nodes of ours are ended by us alone; a notice that came before its node is put on it."""
        if state.settings.dry_run:
            return
        for member in state.members:
            node = member.node
            if node is None or member.tier not in (SPOT, ON_DEMAND):
                continue
            change: dict[str, object] = {}
            if not node.protected_from_autoscaler:
                change["metadata"] = {"annotations": {SCALE_DOWN_DISABLED: "true"}}
            if member.deadline is not None and node.deadline is None:
                taint = {"key": RECLAIM, "value": f"{member.deadline:.0f}", "effect": "NoSchedule"}
                change["spec"] = {"taints": [*node.taints, taint]}
            if change:
                self._patched(node, change)

    def _patched(self, node: Node, change: Mapping[str, object]) -> bool:
        return self._tried("patch node", lambda: self._kubernetes.patch_node(node, change))

    def _tried(self, call: str, do: Callable[[], None]) -> bool:
        try:
            do()
        except Refused as refused:
            # Somebody else was there first, and the next look shows what they did.
            if refused.code not in (CONFLICT, NOT_FOUND):
                self._journal.failed(call, str(refused.code), str(refused))
            return False
        except OSError as error:
            self._journal.failed(call, type(error).__name__, str(error))
            return False
        return True

    def _would(self, state: PoolState, did: str, what: Mapping[str, object]) -> None:
        self._journal.say_seldom("would", 300, what=did, pool=state.settings.name, **what)

    def _rest(self, group: str, state: PoolState, error: CloudError) -> None:
        """Ask again later, each time twice as long: throttling only grows by asking."""
        self._journal.failed(error.call, error.code, str(error), every=5)
        _, last = self._rests.get(group, (0.0, 0.5))
        pause = min(_LONGEST_REST, last * 2)
        self._rests[group] = (state.now + pause, pause)

    def _resting(self, group: str, now: float) -> bool:
        return self._rests.get(group, (0.0, 0.0))[0] > now

    def _forgive(self, group: str) -> None:
        self._rests.pop(group, None)


def _told(step: Launch | Keep | Close | End | Cost | Scale | Evict) -> Mapping[str, object]:
    match step:
        case Launch(tier=tier, zones=zones, count=count):
            return {"tier": tier, "zones": list(zones), "count": count}
        case Keep(member=member) | Close(member=member):
            return {"instance": member.instance.id}
        case End(member=member, why=why):
            return {"instance": member.instance.id, "why": why}
        case Cost(pod=pod, cost=cost):
            return {"pod": pod.name, "cost": cost}
        case Scale(deployment=deployment, replicas=count, why=why):
            return {"model": deployment.model, "replicas": count, "why": why}
        case Evict(pod=pod, why=why):
            return {"pod": pod.name, "why": why}
