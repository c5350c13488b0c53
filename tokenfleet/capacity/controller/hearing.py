"""From messages to marks on nodes: a notice is heard once its node says so."""

from collections.abc import Mapping, Sequence

from tokenfleet.capacity.controller.cluster import REBALANCE, RECLAIM, Node
from tokenfleet.capacity.controller.groups import Instance
from tokenfleet.capacity.controller.inbox import Inbox, Message
from tokenfleet.capacity.controller.journal import Journal
from tokenfleet.capacity.controller.kubernetes import CONFLICT, NOT_FOUND, Kubernetes, Refused
from tokenfleet.capacity.controller.notices import Notice, notices

_TRIES = 5
# A message about an instance that AWS has not shown yet comes again until then.
_LATEST_SECONDS = 60.0


class Hearing:
    """Keeps the deadlines of instances that have no node yet, which nobody else remembers."""

    def __init__(
        self, kubernetes: Kubernetes, inbox: Inbox, journal: Journal, *, notice_seconds: float
    ) -> None:
        self._kubernetes, self._inbox, self._journal = kubernetes, inbox, journal
        self._notice_seconds = notice_seconds
        self.deadlines: dict[str, float] = {}
        self.heard_at: float | None = None

    def hear(
        self,
        messages: Sequence[Message],
        *,
        now: float,
        instances: Mapping[str, Instance],
        dry_run: frozenset[str],
    ) -> None:
        """Mark the nodes, then delete the messages; one whose node could not be marked comes again.

        ``instances`` are all of the pools' groups, by id; of the groups in ``dry_run`` nothing is
        marked.
        """
        for message in messages:
            found = notices(message.body, received=now, notice_seconds=self._notice_seconds)
            try:
                for notice in found:
                    if notice.instance in instances:
                        quiet = instances[notice.instance].group in dry_run
                        self._mark(notice, now, instances[notice.instance], quiet=quiet)
                self._inbox.delete(message)
            except (Refused, OSError) as error:
                self._journal.failed("mark node", _code(error), str(error), every=5)

    def _mark(self, notice: Notice, now: float, instance: Instance, *, quiet: bool) -> None:
        nodes = [n for n in self._kubernetes.nodes() if n.instance == notice.instance]
        said = {"instance": notice.instance, "zone": instance.zone, "group": instance.group}
        if notice.kind == "gone":
            self._journal.say("gone", **said)
            return
        node = next(iter(nodes), None)
        known = self.deadlines.get(notice.instance) if node is None else node.deadline
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
                self.deadlines.setdefault(notice.instance, notice.at)
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
                taint = {"key": RECLAIM, "value": f"{notice.at:.0f}", "effect": "NoSchedule"}
                change = {"spec": {"taints": [*node.taints, taint]}}
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
                self._journal.say("taint", node=node.name, kind=notice.kind, at=notice.at)
                return


def _code(error: Exception) -> str:
    return str(error.code) if isinstance(error, Refused) else type(error).__name__
