"""What a workload or a chart that is deleted did for what stays; in doubt it is taken for needed."""

from collections.abc import Iterable, Mapping, Sequence

from tokenfleet.policies.values import mappings
from tokenfleet.review.danger import NODES_OF, Danger
from tokenfleet.review.kinds.pods import (
    asks_for,
    is_idle,
    name_of,
    pool_of_pods,
    running,
)
from tokenfleet.review.pools import pool_of_group
from tokenfleet.review.resource_change import Resource, ResourceChange, judged

Resources = Mapping[str, Resource]
_AUTOSCALER = "k8s.io/cluster-autoscaler/"
# By chart, how the names of the resources of a node begin that its device plugin offers.
_OFFERS = {
    "gpu-operator": "nvidia.com/",
    "nvidia-device-plugin": "nvidia.com/",
    "neuron-helm-chart": "aws.amazon.com/neuron",
}


def judged_replicas(change: ResourceChange, old: Resources, new: Resources) -> ResourceChange:
    """A Deployment or StatefulSet that ends: nothing, where it runs nothing."""
    ends = {**new, **old}
    if is_idle(old[change.urn], ends):
        return judged(change, Danger.SETTINGS, "it runs no replica")
    return change


def judged_daemon_set(change: ResourceChange, old: Resources, new: Resources) -> ResourceChange:
    """A DaemonSet that is deleted: its pods serve those on the nodes that it chooses."""
    pool = pool_of_pods(old[change.urn])
    if not pool:
        return judged(change, Danger.OUTAGE, "what it does on every node is not seen here")
    if pool in _pools(old) and pool not in _pools(new):
        return judged(change, Danger.SETTINGS, f"no node of {pool} is left that it runs on")
    names = _names(each for each in _others(change, new) if pool_of_pods(each) in {pool, ""})
    if not names:
        return judged(change, Danger.SETTINGS, f"no pod is left that it serves on nodes of {pool}")
    said = f"what it does for {names} on nodes of {pool} is not seen here"
    return judged(change, Danger.OUTAGE, said)


def judged_release(change: ResourceChange, old: Resources, new: Resources) -> ResourceChange:
    """A chart that is deleted, by what it is known to do."""
    chart = str(old[change.urn]["inputs"].get("chart")).rpartition("/")[2]
    if chart == "cluster-autoscaler":
        if _grown(old) and not _grown(new):
            return judged(change, Danger.SETTINGS, "no group is left that it adds nodes to")
        said = "replicas that run go on; a new one without a node gets none"
        return judged(change, Danger.OUTAGE, said)
    if chart in _OFFERS:
        resource = _OFFERS[chart]
        names = _names(each for each in running(new) if asks_for(each, resource))
        if not names:
            said = f"no pod is left that asks for {resource.rstrip('/')}"
            return judged(change, Danger.SETTINGS, said)
        said = f"{names}: replicas that run go on; a new one finds no {resource.rstrip('/')}"
        return judged(change, Danger.OUTAGE, said)
    return judged(change, Danger.OUTAGE, f"what {chart} does for others is not seen here")


def _others(change: ResourceChange, new: Resources) -> Sequence[Resource]:
    return [each for each in running(new) if each["type"] != change.type]


def _names(resources: Iterable[Resource]) -> str:
    return ", ".join(sorted({name_of(each) for each in resources}))


def _grown(resources: Resources) -> bool:
    """Whether a group has the tags by which the autoscaler finds it."""
    return any(
        str(tag.get("key")).startswith(_AUTOSCALER)
        for each in resources.values()
        if each["type"] in NODES_OF
        for tag in mappings(each["inputs"].get("tags"))
    )


def _pools(resources: Resources) -> set[str]:
    groups = (each for each in resources.values() if each["type"] in NODES_OF)
    return {pool for group in groups if (pool := pool_of_group(group))}
