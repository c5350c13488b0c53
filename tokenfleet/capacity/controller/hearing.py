"""From messages to marks on nodes: a notice is heard once its node says so."""

from collections.abc import Sequence

from tokenfleet.capacity.controller.cluster import REBALANCE, RECLAIM, Node
from tokenfleet.capacity.controller.groups import Instance
from tokenfleet.capacity.controller.inbox import Inbox, InboxError, Message
from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.kubernetes import CONFLICT, NOT_FOUND, Kubernetes, Refused
from tokenfleet.capacity.controller.notices import Notice, notices
from tokenfleet.capacity.controller.settings import Settings
from tokenfleet.capacity.controller.sight import Sight

_TRIES = 5


class Hearing:
    """``heard_at``: of the last notice that nothing was launched for yet, in epoch seconds."""

    def __init__(
        self,
        settings: Settings,
        kubernetes: Kubernetes,
        inbox: Inbox,
        journal: Journal,
        sight: Sight,
    ) -> None:
        self._kubernetes, self._inbox, self._journal = kubernetes, inbox, journal
        self._sight, self._notice_seconds = sight, settings.notice_seconds
        self._tiers = settings.tier_by_group
        self._silent = {pool.name for pool in settings.pools.values() if pool.dry_run}
        self.heard_at: float | None = None

    def concerned(self, messages: Sequence[Message]) -> bool:
        """Whether to look at once: not where instances end that nobody here has launched.

        EventBridge tells of all the account's; a busy one would have us ask AWS all the time, in
        whose limits the Cluster Autoscaler lives, too.
        """
        known = self._sight.instances
        return any(
            notice.kind != "gone" or notice.instance in known
            for message in messages
            for notice in notices(message.body, received=0, notice_seconds=self._notice_seconds)
        )

    def hear(self, messages: Sequence[Message], *, now: float) -> None:
        """Mark the nodes, then delete the messages; one whose node could not be marked comes again.

        What is said of instances that no pool has is nothing to us. In a dry run nothing is marked.
        """
        for message in messages:
            found = notices(message.body, received=now, notice_seconds=self._notice_seconds)
            try:
                for notice in found:
                    if instance := self._sight.instances.get(notice.instance):
                        pool, _ = self._tiers[instance.group]
                        self._mark(notice, now, instance, quiet=pool in self._silent)
                self._inbox.delete(message)
            except (InboxError, Refused, OSError) as error:
                self._journal.failed("mark node", _code(error), str(error), every=5)

    def _mark(self, notice: Notice, now: float, instance: Instance, *, quiet: bool) -> None:
        nodes = [n for n in self._kubernetes.nodes() if n.instance == notice.instance]
        said = {"instance": notice.instance, "zone": instance.zone, "group": instance.group}
        if notice.kind == "gone":
            self._journal.say("gone", **said)
            return
        node = next(iter(nodes), None)
        known = self._sight.deadlines.get(notice.instance) if node is None else node.deadline
        if notice.kind == "reclaim" and known is None:
            lead = notice.at - now
            self._journal.say("notice", **said, lead=round(lead, 1))
            self._journal.metrics.add("notice_lead_seconds_sum", lead)
            self._journal.metrics.add("notice_lead_seconds_count")
            self.heard_at = now
        self._journal.metrics.add("notices_total", kind=notice.kind)
        if quiet:
            return
        if node is None:
            if notice.kind == "reclaim":
                self._sight.deadlines.setdefault(notice.instance, notice.at)
            return
        self._patch(node, notice)
        if notice.kind == "reclaim" and known is None:
            if node.rebalance is not None:
                self._journal.metrics.add("reclaims_foretold_total")
            self._journal.about(
                node, "SpotInterruption", f"reclaimed at {notice.at:.0f}", warning=True
            )

    def _patch(self, node: Node, notice: Notice) -> None:
        """A mark that is there already stays: the first deadline counts."""
        for left in reversed(range(_TRIES)):
            if notice.kind == "reclaim":
                if node.deadline is not None:
                    return
                change = node.tainted(RECLAIM, f"{notice.at:.0f}")
            else:
                change = {"metadata": {"annotations": {REBALANCE: f"{notice.at:.0f}"}}}
            try:
                self._kubernetes.patch_node(node, change)
            except Refused as refused:
                if refused.code == NOT_FOUND:
                    return
                if refused.code != CONFLICT or not left:
                    raise
                node = self._kubernetes.node(node.name)
            else:
                self._journal.say("taint", node=node.name, kind=notice.kind)
                return


def _code(error: Exception) -> str:
    return str(error.code) if isinstance(error, Refused) else type(error).__name__
