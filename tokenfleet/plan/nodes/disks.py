"""Where a node keeps images and weights: its local disks, or EBS volumes sized to be used."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.machines.instances import InstanceType
from tokenfleet.catalogue.models.facts import ModelFacts
from tokenfleet.plan.nodes.baked import BakedPlan

_MIB_PER_GBIT = 1e9 / 8 / 2**20
# gp3, EC2 API 2026-11-17: 3,000 IOPS and 125 MiB/s are included; at most 2,000 MiB/s, and
# 0.25 MiB/s for each of its IOPS.
_INCLUDED_IOPS, _INCLUDED_MIB_PER_SECOND, _MOST_MIB_PER_SECOND = 3000, 125, 2000
_IOPS_PER_MIB_PER_SECOND = 4
# Of the system, 40 GiB as the image is made; 30 for an engine's image unpacked and its successor
# beside it, less than the largest twice, because the kubelet removes unused images.
_SYSTEM_GIB, _IMAGES_GIB = 40, 30
IMAGES_ROOT_GIB = _SYSTEM_GIB + _IMAGES_GIB
"""GiB of a root volume that holds the engine's image, baked or pulled."""
# containerd unpacks 0.096 GB/s of compressed image, about three times as much unpacked
# (catalogue/data/cold_start.yaml): a faster root volume would be paid for and not used.
IMAGES_ROOT_MIB_PER_SECOND = 300
"""Of a root volume that holds the engine's image, where the instance has as much from EBS."""
# The most that EBS offers (EC2 API 2026-11-17, EbsBlockDevice: 100 to 300): what was baked comes
# from its snapshot at that rate, and what is read before at the next best.
_INITIALIZATION_MIB_PER_SECOND = 300
# nodeadm ignores FastImagePull below this and 7 GiB (nodeadm/internal/containerd/config.go:188).
_FAST_PULL_VCPUS = 4
# File system records, and the part of the disk that a file system keeps for itself; and sets of compiled
# code that an engine can do without: 0.14 GB for a model of 36 layers on a CPU (measured 2026-11-29).
_CACHE_SPARE, _CACHE_LEAST_GIB = 1.05, 10
# What shares the array with the weights: images, pods' writable layers and logs.
_ARRAY_GB_FOR_PODS = 60
# The kubelet evicts pods when less is free (nodeadm/internal/kubelet/config.go, evictionHard).
_ARRAY_USABLE = 0.9
# Neuron's compiled artifacts hold the weights once more where they are saved sharded.
WITH_ARTIFACTS = 2
"""Bytes of a model with its compiled artifacts, at most, over those of its weights."""


@dataclass(frozen=True, kw_only=True)
class VolumePlan:
    """An encrypted gp3 volume.

    ``initialization_mib_per_second`` is how fast its blocks come from the snapshot that it is made
    of; None where nobody waits for them.
    """

    size_gib: int
    iops: int
    throughput_mib_per_second: int
    initialization_mib_per_second: int | None = None


@dataclass(frozen=True, kw_only=True)
class DiskPlan:
    """The disks of those nodes of a pool that are alike in having local disks or not.

    With local disks nodeadm makes one array of them, which holds images and weights; without,
    weights have a volume of their own so that they can never fill the root disk.
    """

    instance_types: Sequence[str]
    local_gb_by_type: Mapping[str, int]
    """10^9 bytes of local disk, empty where there are none."""
    root: VolumePlan
    cache: VolumePlan | None
    limited_by: str
    """Why the cache volume is as fast as it is; more would be paid for and not used."""
    fast_image_pull: bool
    """Whether containerd unpacks the layers of an image side by side."""
    leaves_weights_out: bool
    """Whether the machine image has a volume of weights that these nodes start without."""

    @property
    def local(self) -> bool:
        """Whether weights lie on an array over local disks."""
        return bool(self.local_gb_by_type)

    def cache_line(self) -> str:
        """Where weights lie, as a reader sees it."""
        if self.local:
            sizes = sorted(set(self.local_gb_by_type.values()))
            return f"local NVMe, {' to '.join(f'{gb:,}' for gb in dict.fromkeys((sizes[0], sizes[-1])))} GB"
        if self.cache is None:
            return "none"
        return (
            f"gp3 volume, {self.cache.size_gib} GiB, {self.cache.throughput_mib_per_second:,} MiB/s,"
            f" {self.cache.iops:,} IOPS"
        )


def plan_disks(
    kinds: Sequence[InstanceType],
    models: Sequence[ModelFacts],
    *,
    compiled: bool = False,
    baked: BakedPlan | None = None,
) -> Sequence[DiskPlan]:
    """The disks of a pool's nodes: types with local disks first, then those without.

    ``models`` are the facts of what the pool serves (none: no cache); ``compiled`` says that
    compiled artifacts come beside the weights, ``baked`` what is on the machine image already.
    """
    with_disks = [kind for kind in kinds if kind.local_nvme]
    without = [kind for kind in kinds if not kind.local_nvme]
    plans: list[DiskPlan] = []
    if with_disks:
        plans.append(
            DiskPlan(
                instance_types=[kind.instance_type for kind in with_disks],
                local_gb_by_type={kind.instance_type: local_gb(kind) for kind in with_disks},
                root=_image_root(with_disks, baked)
                if baked
                else _root(_SYSTEM_GIB, _INCLUDED_MIB_PER_SECOND),
                cache=None,
                # Nothing is pulled, and SOCI keeps images in a store of its own.
                fast_image_pull=baked is None
                and min(kind.vcpus for kind in with_disks) >= _FAST_PULL_VCPUS,
                leaves_weights_out=bool(baked and baked.weights),
                limited_by="part of the instance's price; nodeadm makes one array of all disks",
            )
        )
    if without:
        useful, limited_by = _useful(without)
        plans.append(
            DiskPlan(
                instance_types=[kind.instance_type for kind in without],
                local_gb_by_type={},
                root=_image_root(without, baked)
                if models
                else _root(_SYSTEM_GIB, _INCLUDED_MIB_PER_SECOND),
                cache=VolumePlan(
                    size_gib=cache_gib(models, compiled=compiled),
                    iops=max(_INCLUDED_IOPS, _IOPS_PER_MIB_PER_SECOND * useful),
                    throughput_mib_per_second=useful,
                    initialization_mib_per_second=_INITIALIZATION_MIB_PER_SECOND
                    if baked and baked.weights
                    else None,
                )
                if models
                else None,
                # A gp3 root volume takes layers no faster than one at a time comes off.
                fast_image_pull=False,
                leaves_weights_out=False,
                limited_by=limited_by,
            )
        )
    return plans


def local_gb(kind: InstanceType) -> int:
    """10^9 bytes of local disk, all disks together."""
    disks = kind.local_nvme
    return disks.count * disks.gb_each if disks else 0


def cache_gib(models: Sequence[ModelFacts], *, compiled: bool = False) -> int:
    """GiB for every model of a pool, and the largest a second time for its next revision."""
    sizes = [model.fetched_bytes / 2**30 for model in models]
    gib = (sum(sizes) + max(sizes, default=0.0)) * (WITH_ARTIFACTS if compiled else 1)
    return max(_CACHE_LEAST_GIB, math.ceil(gib * _CACHE_SPARE))


def local_gb_needed(models: Sequence[ModelFacts], *, compiled: bool = False) -> int:
    """10^9 bytes that an array must have for the same, beside images and pods, a tenth free."""
    weights = cache_gib(models, compiled=compiled) * 2**30 / 1e9
    return math.ceil((weights + _ARRAY_GB_FOR_PODS) / _ARRAY_USABLE)


def _root(size_gib: int, throughput: int, initialization: int | None = None) -> VolumePlan:
    throughput = max(_INCLUDED_MIB_PER_SECOND, throughput)
    return VolumePlan(
        size_gib=size_gib,
        iops=_INCLUDED_IOPS,
        throughput_mib_per_second=throughput,
        initialization_mib_per_second=initialization,
    )


def _image_root(kinds: Sequence[InstanceType], baked: BakedPlan | None) -> VolumePlan:
    """A root volume with images on it, which unpacks them or is made with one unpacked."""
    throughput = min(
        IMAGES_ROOT_MIB_PER_SECOND, *(kind.ebs_baseline_mib_per_second for kind in kinds)
    )
    initialization = _INITIALIZATION_MIB_PER_SECOND if baked else None
    return _root(IMAGES_ROOT_GIB, throughput, initialization)


def _useful(kinds: Sequence[InstanceType]) -> tuple[int, str]:
    """MiB/s that the slowest of the types can fill a volume with, and what keeps it there."""
    limits = [
        limit
        for kind in kinds
        for limit in (
            (kind.ebs_baseline_mib_per_second, f"all that {kind.instance_type} gets from EBS"),
            (
                int(kind.network_baseline_gbps * _MIB_PER_GBIT),
                f"all that the network of {kind.instance_type} brings",
            ),
        )
    ]
    rate, why = min(limits)
    if rate > _MOST_MIB_PER_SECOND:
        return _MOST_MIB_PER_SECOND, "the most that gp3 offers"
    if rate < _INCLUDED_MIB_PER_SECOND:
        return _INCLUDED_MIB_PER_SECOND, f"what gp3 includes, {why} is {rate} MiB/s"
    return rate, f"{why}: more would be paid for and not used"
