"""What runs on the nodes of the cluster's own, and how many pods of the edge have room beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.machines.instances import InstanceType
from tokenfleet.plan.edge.envoy.memory import REQUEST_MIB
from tokenfleet.plan.edge.pod import MILLICPU
from tokenfleet.plan.nodes.sizes import node_size

# Of each node: aws-node 50 (aws/amazon-vpc-cni-k8s charts/aws-vpc-cni: 25 a container), kube-proxy
# 100, node monitoring 10 and 30 MiB (aws/eks-node-monitoring-agent charts), and some to spare. Fewer
# than nodes of models keep (plan/nodes/sizes.py): nobody adds a DaemonSet for hardware here.
_DAEMON_MILLICPU, _DAEMON_MIB = 250, 256


@dataclass(frozen=True, kw_only=True)
class Resident:
    """So many pods of one kind; ``millicpu`` and ``mib`` are what each asks for."""

    name: str
    pods: int
    millicpu: int
    mib: int


# Both as EKS installs them: kubernetes/kubernetes cluster/addons/dns/coredns, and
# kubernetes-sigs/metrics-server README ("100m of CPU and 200MiB"), two pods each.
_OF_EKS = (
    Resident(name="CoreDNS", pods=2, millicpu=100, mib=70),
    Resident(name="metrics-server", pods=2, millicpu=100, mib=200),
)
# These as our own values and manifests have it, which tests/plan/test_system_room.py compares.
_AUTOSCALER = Resident(name="cluster-autoscaler", pods=1, millicpu=100, mib=300)
_CAPACITY = Resident(name="capacity-controller", pods=1, millicpu=50, mib=128)
_SCALING = (
    Resident(name="keda", pods=2, millicpu=50, mib=128),
    Resident(name="prometheus", pods=1, millicpu=100, mib=256),
)


def residents(*, spot: bool, scaling: bool) -> Sequence[Resident]:
    """All but the edge, whose pods come and go.

    ``spot``: whether some pool has a spot tier; ``scaling``: whether some model may follow its load.
    """
    return [
        *_OF_EKS,
        _AUTOSCALER,
        *([_CAPACITY] if spot else []),
        *(_SCALING if scaling else []),
    ]


def room_for_edge(kind: InstanceType, count: int, beside: Sequence[Resident]) -> int:
    """Pods of the edge that so many nodes hold beside all others; none where those do not fit.

    Spread as the scheduler does it, each onto the node with most left.
    """
    size = node_size(kind)
    millicpu, mib = size.allocatable_millicpu - _DAEMON_MILLICPU, size.allocatable_mib - _DAEMON_MIB
    left = [(millicpu, mib)] * count
    for each in sorted(beside, key=lambda resident: -resident.millicpu):
        for _ in range(each.pods):
            place = left.index(max(left))
            cpu, memory = left[place]
            left[place] = (cpu - each.millicpu, memory - each.mib)
    if min(min(node) for node in left) < 0:
        return 0
    return sum(min(cpu // MILLICPU, memory // REQUEST_MIB) for cpu, memory in left)
