"""Pools and their tiers: what a pool offers, apart from how its nodes are launched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from tokenfleet.catalogue.machines.hardware import Engine, Hardware, engines, hardware_by_name
from tokenfleet.catalogue.machines.instances import InstanceType, instance_type
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.plan.nodes.baked import BakedPlan, plan_baked
from tokenfleet.plan.nodes.disks import DiskPlan, plan_disks
from tokenfleet.plan.nodes.sizes import NodeSize, Taint, node_size, smallest
from tokenfleet.settings.sections import PoolSettings, PurchaseOption, TierSettings

LABEL_PREFIX = "tokenfleet.io"
STARTUP_TAINT_PREFIX = "startup-taint.cluster-autoscaler.kubernetes.io/"
SCALE_UP_DELAY_SECONDS = 90
"""How long the autoscaler leaves a pending replica to the capacity controller, where there is one."""
LOOK_SECONDS = 6
"""How often the capacity controller looks at what is wanted and what is there, where all is quiet."""
# Cheapest first: capacity already paid for, then spot, then on demand.
TIERS_BY_PREFERENCE: Sequence[PurchaseOption] = ("reserved", "spot", "on-demand")


@dataclass(frozen=True, kw_only=True)
class TierPlan:
    """One purchase option of a pool; bounds in nodes.

    All of a reservation runs: it is paid for whether used or not.
    """

    purchase_option: PurchaseOption
    min_nodes: int
    max_nodes: int
    labels: Mapping[str, str]
    capacity_reservation_id: str | None
    capacity_block: bool
    only_zone: str | None
    warm_nodes: int
    """Stopped nodes that wait beside it, with what they need on their disks."""


@dataclass(frozen=True, kw_only=True)
class PoolPlan:
    """One kind of hardware serving models.

    ``size`` is that of the smallest instance type; ``resources`` are the extended resources
    that a node of the pool registers, which an autoscaler cannot know of an empty group.
    ``startup_taints`` are gone once a node can serve (``plan.nodes.startup_taint``), so that no
    replica tolerates them.
    """

    name: str
    hardware: str
    architecture: str
    engine: str
    instance_types: Sequence[str]
    image_id: str | None
    """The machine image that the stack gives, if it gives one."""
    baked: BakedPlan | None
    """What that image holds, where `tokenfleet bake` made it."""
    size: NodeSize
    resources: Mapping[str, int]
    taints: Sequence[Taint]
    startup_taints: Sequence[Taint]
    ami_variant: Literal["standard", "nvidia", "neuron"]
    disks: Sequence[DiskPlan]
    ephemeral_gib: int
    tiers: Sequence[TierPlan]
    care: float
    """What an hour without a replica is worth to the capacity controller."""
    spare: int
    dry_run: bool

    @property
    def max_nodes(self) -> int:
        """The most nodes that all tiers together may have."""
        return sum(tier.max_nodes for tier in self.tiers)

    @property
    def warm_nodes(self) -> int:
        """Stopped nodes that wait beside all tiers."""
        return sum(tier.warm_nodes for tier in self.tiers)

    @property
    def has_spot(self) -> bool:
        """Whether nodes may be reclaimed: such a pool is the capacity controller's."""
        return any(tier.purchase_option == "spot" for tier in self.tiers)


def hardware_of(pool: PoolSettings) -> Hardware:
    """The catalogue's row for the hardware a pool names."""
    return hardware_by_name()[pool.hardware]


def engine_of(pool: PoolSettings) -> Engine:
    """The engine that serves on a pool."""
    return engines()[hardware_of(pool).engine]


def plan_pool(
    name: str,
    settings: PoolSettings,
    models: Sequence[ModelFacts],
) -> PoolPlan:
    """Decide a pool; ``models`` are the facts of those it serves.

    Raises:
        CatalogueError: when an instance type is unknown (the checks report it first).
    """
    kinds = [instance_type(kind) for kind in settings.instance_types]
    hardware, engine, base = hardware_of(settings), engine_of(settings), smallest(kinds)
    baked = plan_baked(settings.baked)
    compiled = ami_variant(base) == "neuron"
    disks = plan_disks(kinds, models, compiled=compiled, baked=baked)
    return PoolPlan(
        name=name,
        hardware=settings.hardware,
        architecture=hardware.architecture,
        engine=hardware.engine,
        instance_types=settings.instance_types,
        image_id=baked.image_id if baked else settings.image_id,
        baked=baked,
        size=node_size(base),
        resources=device_resources(base, engine),
        taints=[_taint(name, engine)],
        startup_taints=_startup_taints(base),
        ami_variant=ami_variant(base),
        disks=disks,
        ephemeral_gib=min(_ephemeral_gib(disk) for disk in disks),
        tiers=[
            _tier(name, settings, option, settings.tiers[option])
            for option in TIERS_BY_PREFERENCE
            if option in settings.tiers
        ],
        care=settings.care,
        spare=settings.spare,
        dry_run=settings.dry_run,
    )


def device_resources(kind: InstanceType, engine: Engine) -> Mapping[str, int]:
    """What the device plugin registers on a node: devices, not cores."""
    if engine.resource is None or kind.accelerator is None:
        return {}
    return {engine.resource: kind.accelerator.count}


def _tier(
    pool: str, settings: PoolSettings, option: PurchaseOption, tier: TierSettings
) -> TierPlan:
    reservation = tier.reservation
    return TierPlan(
        purchase_option=option,
        min_nodes=tier.max if option == "reserved" else tier.min,
        max_nodes=tier.max,
        labels={
            f"{LABEL_PREFIX}/pool": pool,
            f"{LABEL_PREFIX}/hardware": settings.hardware,
            f"{LABEL_PREFIX}/tier": option,
            **_accelerator_labels(settings.hardware, hardware_of(settings)),
        },
        capacity_reservation_id=reservation.capacity_reservation_id if reservation else None,
        capacity_block=bool(reservation and reservation.capacity_block),
        only_zone=reservation.zone if reservation else None,
        warm_nodes=tier.warm_nodes,
    )


def _accelerator_labels(name: str, hardware: Hardware) -> Mapping[str, str]:
    """What the Cluster Autoscaler and the device plugin look for on NVIDIA nodes.

    With k8s.amazonaws.com/accelerator a new node counts as unready until its GPUs are
    registered; the autoscaler knows no Neuron devices and would wait for ever on inf2, whose
    nodes have a startup taint instead.
    """
    if engines()[hardware.engine].resource != "nvidia.com/gpu":
        return {}
    return {
        "k8s.amazonaws.com/accelerator": f"nvidia-{name}",
        "nvidia.com/gpu.present": "true",
    }


def _taint(pool: str, engine: Engine) -> Taint:
    # The device plugins' charts tolerate the resource name, which is also what people expect.
    if engine.resource:
        return Taint(key=engine.resource, value="present")
    return Taint(key=f"{LABEL_PREFIX}/pool", value=pool)


def _startup_taints(kind: InstanceType) -> Sequence[Taint]:
    """What keeps pods off a node that is ready before its Neuron devices are registered.

    Without it the autoscaler sees a node that the pending replica does not fit on, and buys
    another. Taints with this prefix it takes out of its simulation, and a node that still has one counts as
    on its way, for 15 minutes at most (kubernetes/autoscaler cluster-autoscaler/FAQ.md, "Startup
    taints", and utils/taints/taints.go; 2026-08-22). So no tag of the group has to promise it.
    """
    if ami_variant(kind) != "neuron":
        return []
    return [Taint(key=f"{STARTUP_TAINT_PREFIX}neuron", value="pending")]


def ami_variant(kind: InstanceType) -> Literal["standard", "nvidia", "neuron"]:
    """Which of EKS's images has the driver of a type."""
    if kind.accelerator is None:
        return "standard"
    return cast("Literal['nvidia', 'neuron']", kind.accelerator.kind)


def _ephemeral_gib(disks: DiskPlan) -> int:
    """Disk the kubelet can hand out: the smallest array, or the root volume, less its reserve."""
    sizes = [gb * 1e9 / 2**30 for gb in disks.local_gb_by_type.values()]
    return int(min(sizes, default=disks.root.size_gib) * 0.9) - 1
