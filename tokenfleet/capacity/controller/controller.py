"""One look at the cluster after the other: observe, decide, do."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from tokenfleet.capacity.controller.cluster import Deployment, Node, Pod
from tokenfleet.capacity.controller.doing import Doing, Outcome
from tokenfleet.capacity.controller.groups import CloudError, Groups, Instance
from tokenfleet.capacity.controller.hearing import Hearing
from tokenfleet.capacity.controller.inbox import Inbox, InboxError, Message
from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.kubernetes import Kubernetes, Refused
from tokenfleet.capacity.controller.machines import machines
from tokenfleet.capacity.controller.members import PoolState, pool_state
from tokenfleet.capacity.controller.remembered import Remembered, remembered
from tokenfleet.capacity.controller.replicas import replicas
from tokenfleet.capacity.controller.settings import SPOT, PoolSettings, Settings
from tokenfleet.capacity.controller.status import PoolStatus, pool_status
from tokenfleet.capacity.policy.decide import decide

# While something is under way: a third of the interval. In one look: every zone may refuse once.
_BUSY_SHARE = 1 / 3
_ROUNDS = 12
_KEEPING_SECONDS = 30.0


class Controller:
    """Nothing of what it needs to be right is kept here: that is in AWS and in Kubernetes."""

    def __init__(
        self,
        settings: Settings,
        *,
        kubernetes: Kubernetes,
        groups: Groups,
        inbox: Inbox,
        journal: Journal,
    ) -> None:
        self._settings, self._kubernetes, self._groups = settings, kubernetes, groups
        self._inbox, self._journal = inbox, journal
        self._doing = Doing(groups, kubernetes, journal)
        self._hearing = Hearing(kubernetes, inbox, journal, notice_seconds=settings.notice_seconds)
        self._first_seen: dict[str, float] = {}
        self._remembered: dict[str, Remembered] = {}
        self._status: dict[str, PoolStatus] = {}
        self._moves_rest: dict[str, float] = {}
        self._kept: tuple[Mapping[str, str], float] = ({}, 0.0)
        self._looked: float | None = None
        self._due = 0.0

    def start(self) -> None:
        """Read what an earlier controller has left; without it, begin anew."""
        state = self._settings
        found: Mapping[str, str] = {}
        try:
            found = self._kubernetes.config_map(state.state_namespace, state.state_name)
        except (Refused, OSError) as error:
            self._journal.failed("read state", type(error).__name__, str(error))
        self._remembered = {pool: remembered(found.get(f"{pool}.memory")) for pool in state.pools}
        self._journal.say("started", pools=sorted(state.pools))

    def turn(self) -> bool:
        """Listen until the next look is due, then look; whether all went well."""
        well = True
        messages: Sequence[Message] = ()
        try:
            messages = self._inbox.receive(min(5.0, self._due - time.time()))
        except InboxError as error:
            self._journal.failed("ReceiveMessage", type(error).__name__, str(error))
            time.sleep(max(0.0, min(1.0, self._due - time.time())))
            well = False
        if not messages and time.time() < self._due:
            return well
        try:
            self.look(messages)
        except (CloudError, Refused, OSError) as error:
            call = error.call if isinstance(error, CloudError) else "look"
            code = getattr(error, "code", type(error).__name__)
            self._journal.failed(call, str(code), str(error), every=5)
            self._due = time.time() + self._settings.interval_seconds * _BUSY_SHARE
            return False
        return well

    def look(self, messages: Sequence[Message] = ()) -> None:
        """Once: hear, see everything, and act on each pool.

        Raises:
            CloudError: when AWS does not say what there is.
            Refused: when Kubernetes does not.
            OSError: when it does not answer.
        """
        started = time.time()
        instances = self._instances(started)
        if messages:
            self._hearing.hear(
                messages,
                now=started,
                instances={instance.id: instance for instance in instances},
                dry_run=frozenset(
                    group
                    for pool in self._settings.pools.values()
                    if pool.dry_run
                    for group in pool.groups.values()
                ),
            )
        seen = (self._kubernetes.nodes(), self._kubernetes.pods(), self._kubernetes.deployments())
        wakes = [self._pool(pool, instances, seen) for pool in self._settings.pools.values()]
        self._forget(instances)
        self._keep(started)
        self._looked = started
        self._due = min(wakes, default=started + self._settings.interval_seconds)
        self._journal.metrics.set("last_success_timestamp_seconds", time.time())

    def _instances(self, now: float) -> Sequence[Instance]:
        names = [group for pool in self._settings.pools.values() for group in pool.groups.values()]
        found = self._doing.with_unseen(self._groups.instances(names), now)
        for instance in found:
            self._first_seen.setdefault(instance.id, now)
        return found

    def _pool(
        self,
        pool: PoolSettings,
        instances: Sequence[Instance],
        seen: tuple[Sequence[Node], Sequence[Pod], Sequence[Deployment]],
    ) -> float:
        """Act on one pool; when to look again, in epoch seconds."""
        state = self._state(pool, instances, seen)
        outcome, moves = Outcome(), ()
        for round_ in range(_ROUNDS):
            outcome, moves = self._decided(state, outcome)
            if not outcome.refused and not outcome.on_demand_refused:
                break
            if round_ < _ROUNDS - 1:
                instances = self._instances(time.time())
                state = self._state(pool, instances, seen)
        self._doing.upkeep(state)
        if self._looked is None:
            self._doing.unpause(state)
        wakes = [self._model(state, model, moves) for model in state.deployments]
        self._measure(state)
        busy = any(member.doomed or not member.ready for member in state.members) or any(
            deployment.surge.replicas for deployment in state.deployments.values()
        )
        share = _BUSY_SHARE if busy or outcome.launched or moves else 1
        return min([state.now + share * self._settings.interval_seconds, *filter(None, wakes)])

    def _state(
        self,
        pool: PoolSettings,
        instances: Sequence[Instance],
        seen: tuple[Sequence[Node], Sequence[Pod], Sequence[Deployment]],
    ) -> PoolState:
        nodes, pods, deployments = seen
        return pool_state(
            pool,
            now=time.time(),
            instances=instances,
            nodes=nodes,
            pods=pods,
            deployments=deployments,
            first_seen=self._first_seen,
            deadlines=self._hearing.deadlines,
        )

    def _decided(self, state: PoolState, before: Outcome) -> tuple[Outcome, Sequence[str]]:
        """Decide, and bring machines about; what that told, and which models may return."""
        pool = state.settings.name
        known = self._remembered[pool]
        doomed = {m.instance.id: m for m in state.of_tier(SPOT) if m.doomed}
        reclaimed: dict[str, int] = {}
        for instance, member in doomed.items():
            if instance not in known.doomed:
                zone = member.instance.zone
                reclaimed[zone] = reclaimed.get(zone, 0) + 1
        observed = state.observation(
            refused=before.refused,
            reclaimed=reclaimed,
            on_demand_refused=before.on_demand_refused,
        )
        actions, memory = decide(observed, known.memory, state.settings.knobs)
        planned = machines(state, actions)
        if planned.levels:
            memory = replace(memory, levels=planned.levels)
        self._remembered[pool] = Remembered(memory=memory, doomed=frozenset(doomed))
        outcome = self._doing.machines(state, planned)
        heard = self._hearing.heard_at
        if outcome.launched and heard is not None:
            self._journal.metrics.add("notice_to_launch_seconds_sum", time.time() - heard)
            self._journal.metrics.add("notice_to_launch_seconds_count")
            self._hearing.heard_at = None
        self._status[pool] = pool_status(state, memory)
        self._journal.metrics.set("wanted_nodes", state.wanted, pool=pool)
        return outcome, actions.moves

    def _model(self, state: PoolState, model: str, moves: Sequence[str]) -> float | None:
        rested = self._moves_rest.get(model, 0.0) <= state.now
        before = state.deployments[model].surge.returning
        planned = replicas(
            state,
            model,
            may_return=model in moves and rested,
            notice_seconds=self._settings.notice_seconds,
        )
        self._doing.replicas(state, planned)
        if before and any(
            getattr(step, "why", "") == "not ready in time" for step in planned.steps
        ):
            # What did not get ready would not now either.
            start = state.settings.models[model].start_seconds
            self._moves_rest[model] = state.now + 4 * start
        metrics = self._journal.metrics
        metrics.set("missing_replicas", planned.missing, pool=state.settings.name, model=model)
        if planned.missing and self._looked is not None:
            since = state.now - self._looked
            labels = {"pool": state.settings.name, "model": model}
            metrics.add("below_wanted_seconds_total", since, **labels)
        return planned.wake

    def _measure(self, state: PoolState) -> None:
        for tier in state.settings.groups:
            members = state.of_tier(tier)
            for name, count in {
                "ready": sum(m.ready for m in members),
                "booting": sum(m.kept and not m.ready for m in members),
                "doomed": sum(m.doomed for m in members),
                "leaving": sum(not m.kept and not m.doomed for m in members),
            }.items():
                self._journal.metrics.set(
                    "nodes", count, pool=state.settings.name, tier=tier, state=name
                )

    def _forget(self, instances: Sequence[Instance]) -> None:
        there = {instance.id for instance in instances}
        for known in (self._first_seen, self._hearing.deadlines):
            for gone in known.keys() - there:
                del known[gone]

    def _keep(self, now: float) -> None:
        """Write memory and status where they have changed, or have not been written for long."""
        data = {
            **{f"{pool}.memory": known.text for pool, known in self._remembered.items()},
            **{f"{pool}.status": json.dumps(asdict(s)) for pool, s in self._status.items()},
        }
        before, at = self._kept
        same = {k: v for k, v in data.items() if k.endswith(".memory")} == {
            k: v for k, v in before.items() if k.endswith(".memory")
        }
        if same and now - at < _KEEPING_SECONDS:
            return
        try:
            self._kubernetes.write_config_map(
                self._settings.state_namespace, self._settings.state_name, data
            )
            self._kept = (data, now)
        except (Refused, OSError) as error:
            self._journal.failed("write state", type(error).__name__, str(error))
