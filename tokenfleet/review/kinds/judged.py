"""Changes judged by what stands behind them, where their kind and action alone do not say."""

from collections.abc import Iterator, Mapping

from tokenfleet.review.danger import Danger
from tokenfleet.review.kinds.deletions import judged_daemon_set, judged_release, judged_replicas
from tokenfleet.review.kinds.lifecycle import LIFECYCLE, judged_lifecycle
from tokenfleet.review.kinds.services import SERVICE, judged_service
from tokenfleet.review.resource_change import Resource, ResourceChange

_REPLICAS = frozenset({"kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet"})


def with_what_is_behind(
    found: Mapping[str, ResourceChange], old: Mapping[str, Resource], new: Mapping[str, Resource]
) -> Iterator[ResourceChange]:
    """The changes, each as dangerous as what hangs on it lets it be."""
    for change in found.values():
        if change.type == LIFECYCLE:
            yield judged_lifecycle(change, found, old, new)
        elif change.type == SERVICE and change.action != "create":
            yield judged_service(change, old, new)
        elif change.danger is Danger.OUTAGE and change.action in {"delete", "replace"}:
            yield _ended(change, old, new)
        else:
            yield change


def _ended(
    change: ResourceChange, old: Mapping[str, Resource], new: Mapping[str, Resource]
) -> ResourceChange:
    if change.type in _REPLICAS:
        return judged_replicas(change, old, new)
    if change.action == "delete" and change.type == "kubernetes:apps/v1:DaemonSet":
        return judged_daemon_set(change, old, new)
    if change.action == "delete" and change.type == "kubernetes:helm.sh/v3:Release":
        return judged_release(change, old, new)
    return change
