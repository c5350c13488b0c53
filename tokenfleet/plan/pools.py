"""Pools and their tiers: what a pool offers, apart from how its nodes are launched."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from tokenfleet.catalogue.hardware import Engine, Hardware, engines, hardware_by_name
from tokenfleet.catalogue.instances import InstanceType, instance_type
from tokenfleet.catalogue.models import ModelFacts
from tokenfleet.plan.nodes import NodeSize, Taint, node_size, smallest
from tokenfleet.settings.sections import PoolSettings, PurchaseOption, TierSettings

LABEL_PREFIX = "tokenfleet.io"
# Cheapest first: capacity already paid for, then spot, then on demand.
TIERS_BY_PREFERENCE: Sequence[PurchaseOption] = ("reserved", "spot", "on-demand")


@dataclass(frozen=True, kw_only=True)
class VolumePlan:
    """An encrypted gp3 root volume."""

    size_gib: int
    iops: int
    throughput_mib_per_second: int


@dataclass(frozen=True, kw_only=True)
class TierPlan:
    """One purchase option of a pool; bounds in nodes."""

    purchase_option: PurchaseOption
    min_nodes: int
    max_nodes: int
    labels: Mapping[str, str]
    capacity_reservation_id: str | None
    capacity_block: bool
    only_zone: str | None


@dataclass(frozen=True, kw_only=True)
class PoolPlan:
    """One kind of hardware serving models.

    ``size`` is that of the smallest instance type; ``resources`` are the extended resources
    that a node of the pool registers, which an autoscaler cannot know of an empty group.
    """

    name: str
    hardware: str
    architecture: str
    engine: str
    instance_types: Sequence[str]
    size: NodeSize
    resources: Mapping[str, int]
    taints: Sequence[Taint]
    ami_variant: Literal["standard", "nvidia", "neuron"]
    has_local_disks: bool
    ephemeral_gib: int
    volume: VolumePlan
    tiers: Sequence[TierPlan]

    @property
    def max_nodes(self) -> int:
        """The most nodes that all tiers together may have."""
        return sum(tier.max_nodes for tier in self.tiers)


def hardware_of(pool: PoolSettings) -> Hardware:
    """The catalogue's row for the hardware a pool names."""
    return hardware_by_name()[pool.hardware]


def engine_of(pool: PoolSettings) -> Engine:
    """The engine that serves on a pool."""
    return engines()[hardware_of(pool).engine]


def plan_pool(name: str, settings: PoolSettings, models: Sequence[ModelFacts]) -> PoolPlan:
    """Decide a pool; ``models`` are the facts of those it serves.

    Raises:
        CatalogueError: when an instance type is unknown (the checks report it first).
    """
    kinds = [instance_type(kind) for kind in settings.instance_types]
    hardware, engine, base = hardware_of(settings), engine_of(settings), smallest(kinds)
    weights_gib = max((model.weights_bytes / 2**30 for model in models), default=0.0)
    volume = _root_volume(kinds, weights_gib)
    return PoolPlan(
        name=name,
        hardware=settings.hardware,
        architecture=hardware.architecture,
        engine=hardware.engine,
        instance_types=settings.instance_types,
        size=node_size(base),
        resources=device_resources(base, engine),
        taints=[_taint(name, engine)],
        ami_variant=_ami_variant(base),
        has_local_disks=any(kind.local_nvme for kind in kinds),
        ephemeral_gib=min(_ephemeral_gib(kind, volume) for kind in kinds),
        volume=volume,
        tiers=[
            _tier(name, settings, option, settings.tiers[option])
            for option in TIERS_BY_PREFERENCE
            if option in settings.tiers
        ],
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
        min_nodes=tier.min,
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
    )


def _accelerator_labels(name: str, hardware: Hardware) -> Mapping[str, str]:
    """What the Cluster Autoscaler and the device plugin look for on NVIDIA nodes.

    With k8s.amazonaws.com/accelerator a new node counts as unready until its GPUs are
    registered; the autoscaler knows no Neuron devices and would wait for ever on inf2.
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


def _ami_variant(kind: InstanceType) -> Literal["standard", "nvidia", "neuron"]:
    if kind.accelerator is None:
        return "standard"
    return cast("Literal['nvidia', 'neuron']", kind.accelerator.kind)


def _root_volume(kinds: Sequence[InstanceType], weights_gib: float) -> VolumePlan:
    """Where a type has no local disk, images and weights live on the root volume.

    gp3: 3,000 IOPS and 125 MiB/s are included, at most 2,000 MiB/s and 0.25 MiB/s per IOPS
    (EC2 API, 2026-11-17). More throughput than the instance's EBS baseline is wasted.
    """
    if all(kind.local_nvme for kind in kinds):
        return VolumePlan(size_gib=40, iops=3000, throughput_mib_per_second=125)
    useful = min(kind.ebs_baseline_mib_per_second for kind in kinds if not kind.local_nvme)
    throughput = max(125, min(useful, 1000))
    return VolumePlan(
        # 40 GiB of system, 30 GiB for an engine's image unpacked, and the weights with a
        # fifth to spare, because the kubelet evicts pods when a tenth of the disk is left.
        size_gib=70 + math.ceil(1.2 * weights_gib),
        iops=max(3000, 4 * throughput),
        throughput_mib_per_second=throughput,
    )


def _ephemeral_gib(kind: InstanceType, volume: VolumePlan) -> int:
    """Disk the kubelet can hand out: the local array, or the root volume, less its reserve."""
    if kind.local_nvme:
        gib = kind.local_nvme.count * kind.local_nvme.gb_each * 1e9 / 2**30
        return int(gib * 0.9) - 1
    return int(volume.size_gib * 0.9) - 1
