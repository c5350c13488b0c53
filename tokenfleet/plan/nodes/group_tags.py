"""The tags of a group: who may launch and end its nodes, and what an autoscaler must know of an empty one."""

from collections.abc import Mapping

from tokenfleet.plan.nodes.pools import LABEL_PREFIX, PoolPlan, TierPlan

CAPACITY_TAG = f"{LABEL_PREFIX}/capacity"
"""On groups and launch templates that the capacity controller of the named cluster may use."""
_AUTOSCALER = "k8s.io/cluster-autoscaler"


def writer_tags(pool: PoolPlan, tier: TierPlan, cluster_name: str) -> Mapping[str, str]:
    """Whose nodes they are, and who may launch and end them: nobody where their number is fixed."""
    tags = {f"{LABEL_PREFIX}/pool": pool.name, **capacity_tags(pool, tier, cluster_name)}
    if tier.purchase_option == "on-demand":
        tags |= _scale_from_zero_tags(pool, tier, cluster_name)
    return tags


def capacity_tags(pool: PoolPlan, tier: TierPlan, cluster_name: str) -> Mapping[str, str]:
    """Whether its nodes are the capacity controller's."""
    ours = pool.has_spot and tier.purchase_option != "reserved"
    return {CAPACITY_TAG: cluster_name} if ours else {}


def _scale_from_zero_tags(pool: PoolPlan, tier: TierPlan, cluster_name: str) -> Mapping[str, str]:
    """What the Cluster Autoscaler must know of a group that has no node to look at.

    Keys: kubernetes/autoscaler cluster-autoscaler/cloudprovider/aws/README.md (2026-08-22).
    CPU and memory are stated too: without the tags the autoscaler would take those of the
    first instance type listed, whatever else the group may launch.
    """
    template = f"{_AUTOSCALER}/node-template"
    resources = {
        "cpu": f"{pool.size.allocatable_millicpu}m",
        "memory": f"{pool.size.allocatable_mib}Mi",
        "ephemeral-storage": f"{pool.ephemeral_gib}Gi",
        **{name: str(count) for name, count in pool.resources.items()},
    }
    return {
        f"{_AUTOSCALER}/enabled": "true",
        f"{_AUTOSCALER}/{cluster_name}": "owned",
        **{f"{template}/label/{key}": value for key, value in sorted(tier.labels.items())},
        **{f"{template}/taint/{t.key}": f"{t.value}:{t.effect}" for t in pool.taints},
        **{f"{template}/resources/{key}": value for key, value in sorted(resources.items())},
    }


def node_tags(cluster_name: str, role: str, tags: Mapping[str, str]) -> Mapping[str, str]:
    """Of instances, volumes and network interfaces."""
    # kubernetes.io/cluster/<name> marks what the cloud controller may attach to load balancers.
    return {
        **tags,
        "Name": f"{cluster_name}-{role}",
        f"kubernetes.io/cluster/{cluster_name}": "owned",
    }
