"""One look at the cluster after the other: observe, decide, do."""

import json
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, replace

from tokenfleet.capacity.controller.attempts import Attempts
from tokenfleet.capacity.controller.groups import CloudError, Groups
from tokenfleet.capacity.controller.hearing import Hearing
from tokenfleet.capacity.controller.inbox import Inbox, InboxError, Message
from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.keeping import Keeping
from tokenfleet.capacity.controller.kubernetes import Kubernetes, Refused
from tokenfleet.capacity.controller.launching import Launching, Outcome
from tokenfleet.capacity.controller.machines import machines
from tokenfleet.capacity.controller.members import PoolState
from tokenfleet.capacity.controller.moving import Moving
from tokenfleet.capacity.controller.remembered import Remembered, remembered
from tokenfleet.capacity.controller.replicas import FAILED, Evict, replicas
from tokenfleet.capacity.controller.settings import SPOT, PoolSettings, Settings
from tokenfleet.capacity.controller.sight import Sight
from tokenfleet.capacity.controller.status import PoolStatus, pool_status
from tokenfleet.capacity.policy.decide import decide
from tokenfleet.capacity.policy.memory import Memory

# While something is under way: a third of the interval. In one look: every zone may refuse once.
_BUSY_SHARE = 1 / 3
_ROUNDS = 12


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
        self._settings, self._inbox, self._journal = settings, inbox, journal
        self._sight = Sight(settings, groups, kubernetes, journal)
        attempts = Attempts(kubernetes, journal)
        self._launching = Launching(groups, attempts, journal, self._sight)
        self._moving = Moving(kubernetes, attempts, journal)
        self._hearing = Hearing(settings, kubernetes, inbox, journal, self._sight)
        self._keeping = Keeping(kubernetes, journal, settings.state_namespace, settings.state_name)
        self._remembered: dict[str, Remembered] = {}
        self._status: dict[str, PoolStatus] = {}
        self._moves_rest: dict[str, float] = {}
        self._looked: float | None = None
        self._due = 0.0

    def start(self) -> None:
        """Read what an earlier controller has left; without it, begin anew."""
        found = self._keeping.read()
        self._remembered = {
            pool: remembered(found.get(f"{pool}.memory"), time.time())
            for pool in self._settings.pools
        }
        self._journal.say("started", pools=sorted(self._settings.pools))

    def turn(self) -> None:
        """Listen until the next look is due, then look; AWS or Kubernetes may fail meanwhile."""
        well = True
        messages: Sequence[Message] = ()
        try:
            messages = self._inbox.receive(self._due - time.time())
        except InboxError as error:
            self._journal.failed("ReceiveMessage", type(error).__name__, str(error))
            time.sleep(max(0.0, min(1.0, self._due - time.time())))
            well = False
        if time.time() < self._due and not self._hearing.concerned(messages):
            self._hearing.hear(messages, now=time.time())
            return
        try:
            well &= self.look(messages)
        except (CloudError, Refused, OSError) as error:
            call = error.call if isinstance(error, CloudError) else "look"
            code = getattr(error, "code", type(error).__name__)
            self._journal.failed(call, str(code), str(error), every=5)
            self._due = time.time() + self._settings.interval_seconds * _BUSY_SHARE
            return
        if well:
            self._journal.metrics.set("last_success_timestamp_seconds", time.time())

    def look(self, messages: Sequence[Message] = ()) -> bool:
        """Once: hear, see everything, and act on each pool; whether nothing was left out.

        Raises:
            CloudError: when AWS has never said what there is.
            Refused: when Kubernetes does not say it.
            OSError: when it does not answer.
        """
        started = time.time()
        self._sight.look_at_aws()
        self._hearing.hear(messages, now=started)
        self._sight.look_at_kubernetes()
        wakes = [self._tried(pool) for pool in self._settings.pools.values()]
        self._keeping.write(
            {pool: known.text for pool, known in self._remembered.items()},
            {pool: json.dumps(asdict(seen)) for pool, seen in self._status.items()},
            started,
        )
        self._looked = started
        after = started + self._settings.interval_seconds
        self._due = min((wake or after for wake in wakes), default=after)
        return not self._sight.blind and None not in wakes

    def _tried(self, pool: PoolSettings) -> float | None:
        """When to look at a pool again; None where an error of ours broke off.

        It must not keep other pools from their deadlines, and what is remembered may be its cause.
        """
        try:
            return self._pool(pool)
        except Exception as error:  # noqa: BLE001 - as said
            self._remembered[pool.name] = Remembered()
            self._journal.metrics.add("api_errors_total", call="pool", code=type(error).__name__)
            self._journal.say_seldom("crash", 300, pool=pool.name, text=traceback.format_exc())
            return None

    def _pool(self, pool: PoolSettings) -> float:
        """Act on one pool; when to look again, in epoch seconds."""
        state = self._sight.pool(pool)
        outcome, moves = Outcome(), ()
        urgent = [model for model in state.deployments if self._is_due(state, model)]
        # An answer of AWS may take longer than a replica has left.
        wakes = [self._model(state, model, ()) for model in urgent]
        for _ in range(_ROUNDS):
            if self._sight.blind:
                break
            outcome, moves = self._decided(state, outcome)
            if not (outcome.refused or outcome.on_demand_refused or outcome.again):
                break
            self._sight.look_at_aws()
            state = self._sight.pool(pool)
        self._launching.upkeep(state)
        self._moving.unpause(state)
        others = [model for model in state.deployments if model not in urgent]
        wakes += [self._model(state, model, moves) for model in others]
        self._measure(state)
        busy = any(member.doomed or not member.ready for member in state.members) or any(
            deployment.surge.replicas for deployment in state.deployments.values()
        )
        busy |= state.warm.coming > 0
        share = _BUSY_SHARE if busy or outcome.launched or moves or self._sight.blind else 1
        return min([state.now + share * self._settings.interval_seconds, *filter(None, wakes)])

    def _is_due(self, state: PoolState, model: str) -> bool:
        """Whether a replica has to go now."""
        seconds = self._settings.notice_seconds
        found = replicas(state, model, may_return=False, notice_seconds=seconds)
        return any(isinstance(step, Evict) and step.why == "deadline" for step in found.steps)

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
        actions, memory = decide(observed, _prepared(known.memory, state), state.settings.knobs)
        planned = machines(state, actions)
        if planned.levels:
            memory = replace(memory, levels=planned.levels)
        self._remembered[pool] = Remembered(memory=memory, doomed=frozenset(doomed))
        outcome = self._launching.machines(state, planned)
        heard = self._hearing.heard_at
        if outcome.launched and heard is not None:
            self._journal.metrics.add("notice_to_launch_seconds_sum", time.time() - heard)
            self._journal.metrics.add("notice_to_launch_seconds_count")
            self._hearing.heard_at = None
        self._status[pool] = pool_status(state, memory)
        self._journal.metrics.set("wanted_nodes", state.wanted, pool=pool)
        return outcome, actions.moves or state.moves_to_reserved

    def _model(self, state: PoolState, model: str, moves: Sequence[str]) -> float | None:
        rested = self._moves_rest.get(model, 0.0) <= state.now
        before = state.deployments[model].surge.returning
        planned = replicas(
            state,
            model,
            may_return=model in moves and rested,
            notice_seconds=self._settings.notice_seconds,
        )
        self._moving.replicas(state, planned)
        if before and any(getattr(step, "why", "") in FAILED for step in planned.steps):
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
        if state.settings.warm is not None:
            for name in ("stopped", "warming", "coming"):
                self._journal.metrics.set(
                    "warm_nodes", getattr(state.warm, name), pool=state.settings.name, state=name
                )
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


def _prepared(memory: Memory, state: PoolState) -> Memory:
    """What was given up, here or by a person, has not been lost."""
    levels = dict(memory.levels)
    for zone, before in memory.zones.items():
        members = [m for m in state.of_tier(SPOT) if m.instance.zone == zone]
        if given_up := sum(not m.kept and not m.doomed for m in members):
            levels[zone] = max(0, before.held - given_up)
    return replace(memory, levels=levels)
