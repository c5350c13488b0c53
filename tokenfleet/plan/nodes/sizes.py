"""What a node offers to pods: its size after the kernel, the kubelet and the DaemonSets took theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tokenfleet.catalogue.machines.instances import InstanceType

# The hypervisor and the kernel keep part of the nominal memory. Karpenter plans with 7.5 %
# (aws/karpenter-provider-aws, setting vmMemoryOverheadPercent), and so do we.
_MEMORY_SEEN_BY_KERNEL = 0.925
# nodeadm: memory.available 100Mi (awslabs/amazon-eks-ami nodeadm/internal/kubelet/config.go:110).
_EVICTION_MIB = 100
# A node here runs a model or two beside its DaemonSets, so reserving kubelet memory for 234
# pods (2.8 GiB on a 4xlarge) would waste what the KV cache needs.
_MOST_PODS = 32
_PARALLEL_PULL_VCPUS = 4
# aws-node, kube-proxy, Pod Identity agent, device plugin, node monitoring and what an operator
# adds: requests of their charts' defaults, rounded up.
DAEMON_MILLICPU = 500
DAEMON_MIB = 768


@dataclass(frozen=True, kw_only=True)
class Taint:
    """A taint that keeps pods without a toleration off a node."""

    key: str
    value: str
    effect: Literal["NoSchedule"] = "NoSchedule"


@dataclass(frozen=True, kw_only=True)
class NodeSize:
    """A node as the scheduler sees it; memory in MiB, CPU in thousandths.

    ``millicpu`` and ``memory_mib`` are allocatable; ``for_models_*`` is what remains once the
    DaemonSets of every node run.
    """

    vcpus: int
    memory_mib: int
    allocatable_millicpu: int
    allocatable_mib: int
    for_models_millicpu: int
    for_models_mib: int
    max_pods: int


def node_size(kind: InstanceType) -> NodeSize:
    """The size of a node of that instance type.

    Formulas of the reservations: awslabs/amazon-eks-ami nodeadm/internal/kubelet/config.go
    (2026-07-23), lines 284 to 286 and 410 to 444.
    """
    max_pods = min(kind.max_pods, _MOST_PODS)
    memory_mib = int(kind.memory_gib * 1024 * _MEMORY_SEEN_BY_KERNEL)
    allocatable_millicpu = kind.vcpus * 1000 - _reserved_millicpu(kind.vcpus)
    allocatable_mib = memory_mib - (11 * max_pods + 255) - _EVICTION_MIB
    return NodeSize(
        vcpus=kind.vcpus,
        memory_mib=memory_mib,
        allocatable_millicpu=allocatable_millicpu,
        allocatable_mib=allocatable_mib,
        for_models_millicpu=allocatable_millicpu - DAEMON_MILLICPU,
        for_models_mib=allocatable_mib - DAEMON_MIB,
        max_pods=max_pods,
    )


def smallest(kinds: Sequence[InstanceType]) -> InstanceType:
    """The type a pool is sized by: what fits on it fits on every type of the pool."""
    return min(kinds, key=lambda kind: (kind.memory_gib, kind.vcpus, kind.instance_type))


def pulls_in_parallel(kinds: Sequence[InstanceType]) -> bool:
    """Whether the kubelet of such nodes pulls the images of several pods at once."""
    return min(kind.vcpus for kind in kinds) >= _PARALLEL_PULL_VCPUS


def max_pods_expression() -> str:
    """The ``maxPodsExpression`` of nodeadm; it also sets how much memory the kubelet reserves."""
    return f"max_pods < {_MOST_PODS} ? max_pods : {_MOST_PODS}"


def _reserved_millicpu(cores: int) -> int:
    """6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest."""
    first, second, next_two = min(cores, 1), min(max(cores - 1, 0), 1), min(max(cores - 2, 0), 2)
    rest = max(cores - 4, 0)
    return int(60 * first + 10 * second + 5 * next_two + 2.5 * rest)
