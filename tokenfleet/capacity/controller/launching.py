"""Launching and ending machines, each by itself: what fails is said, and tried again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tokenfleet.capacity.controller.attempts import Attempts
from tokenfleet.capacity.controller.cluster import LEAVING, RECLAIM, SCALE_DOWN_DISABLED, Node
from tokenfleet.capacity.controller.groups import CloudError, Groups, Instance, Launched
from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.machines import (
    Close,
    End,
    Keep,
    Launch,
    Machines,
    Step,
    Withdraw,
)
from tokenfleet.capacity.controller.members import Member, PoolState
from tokenfleet.capacity.controller.settings import ON_DEMAND, RESERVED, SPOT
from tokenfleet.capacity.controller.sight import Sight

_LONGEST_REST = 60.0
# After the start of a maintenance, which may reboot within a window of hours.
_OVERDUE_SECONDS = 4 * 3600.0


@dataclass(kw_only=True)
class Outcome:
    """What asking has told, for the next decision."""

    refused: dict[str, int] = field(default_factory=dict[str, int])
    on_demand_refused: int = 0
    launched: int = 0
    again: bool = False


class Launching:
    """Writes to Auto Scaling groups, and to nodes; in a pool's dry run it only says what it would do."""

    def __init__(self, groups: Groups, attempts: Attempts, journal: Journal, sight: Sight) -> None:
        self._groups, self._attempts, self._journal = groups, attempts, journal
        self._sight = sight
        self._rests: dict[str, tuple[float, float]] = {}
        self._zone_rests: dict[tuple[str, str], float] = {}

    def machines(self, state: PoolState, planned: Machines) -> Outcome:
        """Launch first, because others wait for that, and draw before; end last."""
        # What a dry run asks for is never answered.
        outcome = Outcome(again=planned.again and not state.settings.dry_run)
        for zone, count in planned.clipped.items():
            # As good as no: who waits for it would wait in vain.
            self._refused(state, SPOT, zone, "AtMaximum", count)
            outcome.refused[zone] = count
        for step in sorted(planned.steps, key=_turn):
            if state.settings.dry_run:
                self._attempts.would(state, step, _told(step))
                continue
            match step:
                case Launch():
                    self._launch(state, step, outcome)
                case Withdraw():
                    self._withdraw(state, step)
                case Keep(member=member):
                    self._leave(member, leaving=False)
                case Close(member=member):
                    self._leave(member, leaving=True)
                case End():
                    self._end(state, step, outcome)
        return outcome

    def _launch(self, state: PoolState, step: Launch, outcome: Outcome) -> None:
        if step.drawn and not self._draw(state, step):
            outcome.again = True
            return
        outcome.launched += step.drawn
        self._ask_zones(state, step, step.count - step.drawn, outcome)

    def _ask_zones(self, state: PoolState, step: Launch, missing: int, outcome: Outcome) -> None:
        group = state.settings.groups[step.tier]
        rested = [z for z in step.zones if self._zone_rests.get((group, z), 0) <= state.now]
        for zone in rested if step.tier == ON_DEMAND else step.zones:
            if not missing:
                break
            if self._resting(group, state.now):
                if step.tier == SPOT:
                    outcome.refused[zone] = missing
                break
            there = [m.instance.id for m in state.of_tier(step.tier)]
            try:
                got = self._groups.launch(group, zone, missing, there=there, now=state.now)
            except CloudError as error:
                self._rest(group, state, error)
                # Whether it is throttled or denied: nothing comes from there now.
                got = Launched(instances=(), code=error.code)
            else:
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

    def _draw(self, state: PoolState, step: Launch) -> bool:
        """Whether stopped nodes were asked for; if not, the next look says whether some come."""
        pool, group = state.settings.name, state.settings.groups[step.tier]
        try:
            self._groups.resize(group, step.size)
        except CloudError as error:
            self._journal.failed(error.call, error.code, str(error), every=5)
            self._sight.undrawn(group, state.settings.knobs.rest)
            return False
        self._journal.say("draw", pool=pool, tier=step.tier, count=step.drawn, size=step.size)
        self._journal.metrics.add("draws_total", step.drawn, pool=pool)
        return True

    def _withdraw(self, state: PoolState, step: Withdraw) -> None:
        """No longer wish for what does not come: it would use up the group's room, and come some day.

        One that turns up between the look and this may be ended, since Auto Scaling protects
        nothing before it is in service; it serves nobody yet.
        """
        group = state.settings.groups[ON_DEMAND]
        self._sight.undrawn(group, state.settings.knobs.rest)
        try:
            self._groups.resize(group, step.size)
        except CloudError as error:
            self._journal.failed(error.call, error.code, str(error), every=5)
        else:
            self._refused(state, ON_DEMAND, "any", "NeverStarted", step.count)

    def _launched(self, state: PoolState, tier: str, zone: str, ids: Sequence[str]) -> None:
        pool, group = state.settings.name, state.settings.groups[tier]
        for instance in ids:
            self._sight.launched(
                Instance(id=instance, group=group, zone=zone, type="", in_service=False)
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
        change = node.tainted(LEAVING, "true") if leaving else node.untainted(LEAVING)
        if self._attempts.patched(node, change):
            self._journal.say("close" if leaving else "keep", node=node.name)

    def _end(self, state: PoolState, step: End, outcome: Outcome) -> None:
        member, pool = step.member, state.settings.name
        try:
            self._groups.end(member.instance)
        except CloudError as error:
            self._journal.failed(error.call, error.code, str(error))
            return
        self._sight.ended(member.instance)
        zone = member.instance.zone
        self._journal.say("end", pool=pool, tier=member.tier, zone=zone,
                          instance=member.instance.id, why=step.why)  # fmt: skip
        self._journal.metrics.add("ends_total", pool=pool, tier=member.tier, why=step.why)
        if member.late and member.tier == SPOT:
            outcome.refused[zone] = outcome.refused.get(zone, 0) + 1
            self._refused(state, member.tier, zone, "NeverJoined", 1)

    def upkeep(self, state: PoolState) -> None:
        """Nodes of ours are ended by us alone; a notice that came before its node is put on it."""
        if state.settings.dry_run:
            return
        for member in state.members:
            node = member.node
            if node is None:
                continue
            if member.tier == RESERVED:
                self._reopen(node, state.now)
                continue
            change: dict[str, object] = {}
            if not node.protected_from_autoscaler:
                change["metadata"] = {"annotations": {SCALE_DOWN_DISABLED: "true"}}
            if member.deadline is not None and node.deadline is None:
                change |= node.tainted(RECLAIM, f"{member.deadline:.0f}")
            if change:
                self._attempts.patched(node, change)

    def _reopen(self, node: Node, now: float) -> None:
        """Nobody ends a reserved node: one that a maintenance has left there is paid for, and serves."""
        overdue = node.deadline is not None and now - node.deadline > _OVERDUE_SECONDS
        if node.ready and overdue and self._attempts.patched(node, node.untainted(RECLAIM)):
            self._journal.say("reopen", node=node.name)

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


def _turn(step: Step) -> tuple[int, bool]:
    """To draw takes one call that answers at once; to launch may take a fleet's time."""
    order = (Keep, Withdraw, Launch, Close, End)
    return order.index(type(step)), isinstance(step, Launch) and not step.drawn


def _told(step: Step) -> Mapping[str, object]:
    match step:
        case Withdraw(size=size, count=count):
            return {"size": size, "count": count}
        case Launch(tier=tier, zones=zones, count=count):
            return {"tier": tier, "zones": list(zones), "count": count}
        case Keep(member=member) | Close(member=member):
            return {"instance": member.instance.id}
        case End(member=member, why=why):
            return {"instance": member.instance.id, "why": why}
