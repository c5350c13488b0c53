"""Addresses: what nodes take of their subnet, and what is left of it for them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.machines.instances import InstanceType
from tokenfleet.plan.nodes.sizes import node_size

# By default the CNI keeps a whole spare interface a node: 60 addresses on a c8gd.8xlarge that
# uses four. With these targets it keeps 8, and always two that are free
# (aws/amazon-vpc-cni-k8s docs/eni-and-ip-target.md, read 2026-11-28: a floor slightly above the
# pods expected, and WARM_IP_TARGET=2). Pods here come and go with models, so the calls to EC2
# that so few spare ones cost are few. Ready waits for these addresses and no more: one call, on the
# interface that is there (pkg/ipamd/ipamd.go@b52188387 nodeInit, cmd/aws-vpc-cni/main.go copies the
# network's configuration after it). Prefix delegation would hand out 16 at a time, from
# unbroken blocks of a small subnet, for nodes that never run 16 pods.
_MINIMUM_IP_TARGET, _WARM_IP_TARGET = 8, 2
# With an address of their own: the replica, the one before it (for 30 s after it ended), a
# device plugin, and three that an operator adds. The others share the node's.
_PODS_BESIDE_THE_HOST = 6
# The first four addresses of a subnet and the last (Amazon VPC user guide, "Subnet sizing").
_RESERVED_BY_AWS = 5
# What EKS asks to leave for its own interfaces, more of them while it upgrades (Amazon EKS user
# guide, network-reqs: at least 6, 16 recommended).
_CONTROL_PLANE = 16
# What Elastic Load Balancing wants free in a subnet (its user guide, "Subnets").
_FREE_FOR_LOAD_BALANCERS = 8


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """So many nodes, at most, spread evenly over zones; ``each`` is addresses of one."""

    title: str
    most: int
    zones: Sequence[str]
    each: int

    @property
    def most_in_a_zone(self) -> int:
        """Nodes in the fullest zone: Auto Scaling keeps zones equal, as far as they have capacity."""
        return math.ceil(self.most / len(self.zones))


@dataclass(frozen=True, kw_only=True)
class SubnetUse:
    """A private subnet: its size, what is taken of it before the first node, and by what."""

    size: int
    taken: Mapping[str, int]

    @property
    def free(self) -> int:
        """Addresses for nodes and pods."""
        return self.size - sum(self.taken.values())


def cni_environment() -> Mapping[str, str]:
    """The settings of the VPC CNI that decide how many addresses a node holds."""
    return {
        "MINIMUM_IP_TARGET": str(_MINIMUM_IP_TARGET),
        "WARM_IP_TARGET": str(_WARM_IP_TARGET),
    }


def addresses_of(kinds: Iterable[InstanceType], *, serving: bool) -> int:
    """What one node takes at most, whichever type it is of: its pods' addresses and its own.

    A node that serves runs a few pods, which its taint sees to; one for controllers as many as
    the kubelet admits.
    """
    return max(_addresses(kind, serving=serving) for kind in kinds)


def _addresses(kind: InstanceType, *, serving: bool) -> int:
    pods = _PODS_BESIDE_THE_HOST if serving else node_size(kind).max_pods
    # An interface keeps one address for itself. Two pods of the EC2 figure share the node's.
    for_pods = min(max(_MINIMUM_IP_TARGET, pods + _WARM_IP_TARGET), kind.max_pods - 2)
    return for_pods + math.ceil(for_pods / (kind.ipv4_per_interface - 1))


def subnet_use(size: int, *, endpoints: int, load_balancers: int) -> SubnetUse:
    """What is left of a private subnet of ``size`` addresses, all numbers being of one zone."""
    balancing = load_balancers + _FREE_FOR_LOAD_BALANCERS if load_balancers else 0
    return SubnetUse(
        size=size,
        taken={
            "AWS": _RESERVED_BY_AWS,
            "the control plane": _CONTROL_PLANE,
            **({"interface endpoints": endpoints} if endpoints else {}),
            **({"load balancers": balancing} if balancing else {}),
        },
    )


def needed_in(zone: str, every: Iterable[Nodes]) -> int:
    """Addresses that nodes take in a zone when all of them run."""
    return sum(nodes.most_in_a_zone * nodes.each for nodes in every if zone in nodes.zones)
