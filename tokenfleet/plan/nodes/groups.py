"""How nodes are launched: one launch template and one Auto Scaling group a tier.

A pool decides what it offers (``plan.nodes.pools``); this module turns that into groups, so that
another provisioner can stand beside it. Who may launch and end nodes of a group is said by its tags:
of a spot group the capacity controller alone, of an on-demand group beside it the Cluster Autoscaler
too, of every other group the autoscaler alone. Two writers end each other's nodes
(kubernetes/autoscaler issues 9043, 9182, 10147).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.machines.instances import instance_type as catalogued
from tokenfleet.plan.nodes.disks import DiskPlan, plan_disks
from tokenfleet.plan.nodes.group_tags import capacity_tags, node_tags, writer_tags
from tokenfleet.plan.nodes.image import ImagePlan, plan_image
from tokenfleet.plan.nodes.pools import LABEL_PREFIX, PoolPlan, TierPlan
from tokenfleet.plan.nodes.sizes import Taint, pulls_in_parallel
from tokenfleet.plan.nodes.user_data import BootPlan, KubeletPlan
from tokenfleet.plan.nodes.warm_pool import Warming, WarmPoolPlan, plan_warm_pool
from tokenfleet.settings.sections import PurchaseOption

SYSTEM_POOL = "system"
# Once EC2 shuts a reclaimed node down, the kubelet drains it: nodeadm would give pods 150 s from
# Kubernetes 1.34 on (awslabs/amazon-eks-ami nodeadm/internal/kubelet/config.go:245). That EC2
# leaves a node even this long after the two minutes of its notice is not documented.
SPOT_SHUTDOWN_SECONDS = 110
_SHUTDOWN_SECONDS = 150
_CRITICAL_PODS_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class TemplatePlan:
    """One launch template: nodes with the same disks, which start the same way."""

    role: str
    disks: DiskPlan
    boot: BootPlan


@dataclass(frozen=True, kw_only=True)
class NodeGroupPlan:
    """An Auto Scaling group and the launch templates it uses, one for each kind of disks.

    ``physical_name`` is fixed because the autoscaler's priorities name groups by regular
    expression. ``group_tags`` stay on the group, ``template_tags`` on its templates; ``node_tags``
    reach instances and volumes. ``protected``: only who names a node ends it; a lower bound, or
    somebody's wish for fewer, does not.
    """

    role: str
    physical_name: str
    purchase_option: PurchaseOption
    instance_types: Sequence[str]
    image: ImagePlan
    templates: Sequence[TemplatePlan]
    min_nodes: int
    max_nodes: int
    zones: Sequence[str]
    capacity_reservation_id: str | None
    capacity_block: bool
    protected: bool
    warm_pool: WarmPoolPlan | None
    group_tags: Mapping[str, str]
    template_tags: Mapping[str, str]
    node_tags: Mapping[str, str]

    @property
    def fetches_models(self) -> bool:
        """Whether nodes of the group read the bucket at boot."""
        return any(template.boot.snapshots for template in self.templates)

    def template_of(self, instance_type: str) -> TemplatePlan:
        """The template that launches nodes of that type."""
        return next(t for t in self.templates if instance_type in t.disks.instance_types)


def plan_node_groups(
    pool: PoolPlan,
    *,
    cluster_name: str,
    kubernetes_version: str,
    zones: Sequence[str],
    tags: Mapping[str, str],
    image: str,
    snapshots: Sequence[str],
    warming: Warming,
) -> Sequence[NodeGroupPlan]:
    """One group for each tier of a pool, in order of preference.

    ``image`` is that of its replicas; ``snapshots`` are what a new node fetches before any pod
    asks, the likeliest first; ``warming`` is what one does besides that is stopped before it
    serves.
    """
    machine = plan_image(kubernetes_version, pool.architecture, pool.ami_variant, pool.image_id)
    taints = [*pool.taints, *pool.startup_taints]
    return [
        NodeGroupPlan(
            role=tier.purchase_option,
            physical_name=(name := group_name(cluster_name, pool, tier)),
            warm_pool=(warm := plan_warm_pool(cluster_name, name, tier.warm_nodes, warming)),
            purchase_option=tier.purchase_option,
            instance_types=pool.instance_types,
            image=machine,
            templates=[
                _template(
                    disks,
                    tier.purchase_option,
                    tier.labels,
                    taints,
                    snapshots=snapshots,
                    image=image,
                    baked=pool.baked is not None,
                    warm=warm,
                )
                for disks in pool.disks
            ],
            min_nodes=tier.min_nodes,
            max_nodes=tier.max_nodes,
            zones=[tier.only_zone] if tier.only_zone else zones,
            capacity_reservation_id=tier.capacity_reservation_id,
            capacity_block=tier.capacity_block,
            protected=pool.has_spot,
            group_tags=writer_tags(pool, tier, cluster_name),
            template_tags=capacity_tags(pool, tier, cluster_name),
            node_tags=node_tags(cluster_name, f"{pool.name}-{tier.purchase_option}", tags),
        )
        for tier in pool.tiers
    ]


def _template(
    disks: DiskPlan,
    option: PurchaseOption,
    labels: Mapping[str, str],
    taints: Sequence[Taint] = (),
    *,
    snapshots: Sequence[str] = (),
    image: str | None = None,
    baked: bool = False,
    warm: WarmPoolPlan | None = None,
) -> TemplatePlan:
    # Pods and DaemonSets start together on a new node.
    parallel = pulls_in_parallel([catalogued(name) for name in disks.instance_types])
    return TemplatePlan(
        role="local" if disks.local else "volume",
        disks=disks,
        boot=BootPlan(
            kubelet=KubeletPlan(
                labels=labels,
                taints=taints,
                shutdown_seconds=SPOT_SHUTDOWN_SECONDS if option == "spot" else _SHUTDOWN_SECONDS,
                critical_pods_seconds=_CRITICAL_PODS_SECONDS,
                parallel_image_pulls=parallel,
            ),
            local_disks=disks.local,
            fast_image_pull=disks.fast_image_pull,
            snapshots=snapshots,
            baked_image=image if baked else None,
            # One at a time, it would keep the network plug-in waiting.
            pulled_image=image if parallel and not baked else None,
            warm=warm.boot if warm else None,
        ),
    )


def group_name(cluster_name: str, pool: PoolPlan, tier: TierPlan) -> str:
    """The physical name of a tier's group."""
    return f"{cluster_name}-{pool.name}-{tier.purchase_option}"


def plan_system_group(
    *,
    cluster_name: str,
    kubernetes_version: str,
    architecture: str,
    instance_type: str,
    image_id: str | None,
    count: int,
    zones: Sequence[str],
    tags: Mapping[str, str],
) -> NodeGroupPlan:
    """The untainted nodes of the cluster's own controllers: a fixed number, on demand.

    They are not the autoscaler's to manage: it runs on them.
    """
    return NodeGroupPlan(
        role="group",
        physical_name=f"{cluster_name}-{SYSTEM_POOL}",
        purchase_option="on-demand",
        instance_types=[instance_type],
        image=plan_image(kubernetes_version, architecture, "standard", image_id),
        templates=[
            _template(disks, "on-demand", {f"{LABEL_PREFIX}/pool": SYSTEM_POOL})
            for disks in plan_disks([catalogued(instance_type)], [])
        ],
        min_nodes=count,
        max_nodes=count,
        zones=zones,
        capacity_reservation_id=None,
        capacity_block=False,
        protected=False,
        warm_pool=None,
        group_tags={},
        template_tags={},
        node_tags=node_tags(cluster_name, SYSTEM_POOL, tags),
    )
