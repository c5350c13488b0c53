"""What limits the bytes that a new node moves: its network, its disks, its client."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.cold_start import Estimate, cold_start_facts
from tokenfleet.catalogue.machines.instances import InstanceType
from tokenfleet.plan.ranges import Range, least, range_of

LOADER_CONNECTIONS = 16
"""Requests to S3 at a time: the default of ``userdata/model-loader``."""

_GB_PER_MIB = 2**20 / 1e9
_GB_PER_GBIT = 1 / 8


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A rate in GB a second (10^9 bytes), what it is the rate of, and where it comes from."""

    rate: Range
    of: str
    sources: Sequence[str]

    def __str__(self) -> str:
        return f"{self.of} {self.rate.expected:.2f} GB/s"


def narrowest(limits: Sequence[Limit]) -> Limit:
    """The limit that is expected to bind, with the range that all of them together allow."""
    binding = min(limits, key=lambda limit: limit.rate.expected)
    return Limit(
        rate=least([limit.rate for limit in limits]),
        of=binding.of,
        sources=[source for limit in limits for source in limit.sources],
    )


def network_limit(kind: InstanceType) -> Limit:
    """The link: its base rate is expected; at best the burst rate, which is not promised."""
    facts = cold_start_facts().network
    base = range_of(facts.base) * (kind.network_baseline_gbps * _GB_PER_GBIT)
    burst = facts.burst.high * kind.network_gbps * _GB_PER_GBIT
    return Limit(
        rate=Range(low=base.low, expected=base.expected, high=max(base.high, burst)),
        of="network baseline",
        sources=[facts.base.citation, facts.burst.citation],
    )


def client_limit(kind: InstanceType) -> Limit:
    """What fetches: so many connections to S3, and TLS and checksums on the node's vCPUs."""
    facts = cold_start_facts().client
    return narrowest(
        [
            Limit(
                rate=range_of(facts.connection) * LOADER_CONNECTIONS,
                of=f"{LOADER_CONNECTIONS} connections to S3",
                sources=[facts.connection.citation],
            ),
            Limit(
                rate=range_of(facts.vcpu) * kind.vcpus,
                of=f"TLS and checksums on {kind.vcpus} vCPU",
                sources=[facts.vcpu.citation],
            ),
        ]
    )


def gp3_limit(kind: InstanceType, mib_per_second: int) -> Limit:
    """A gp3 volume of that throughput, or the instance's base rate to EBS where that is less.

    Reading is as fast as writing.
    """
    if mib_per_second > kind.ebs_baseline_mib_per_second:
        return ebs_limit(kind)
    return _delivered(mib_per_second, "gp3 volume")


def ebs_limit(kind: InstanceType) -> Limit:
    """All volumes of an instance together: its base rate to EBS.

    A burst above it is left out, because the catalogue does not know it.
    """
    return _delivered(kind.ebs_baseline_mib_per_second, "EBS baseline")


def nvme_write_limit(kind: InstanceType, terabytes: float) -> Limit:
    """Sequential writes to the array over all local disks, of that many TB (10^12 bytes)."""
    facts = cold_start_facts().local_disks
    basis: Estimate = facts.other_write_per_tb
    amount = terabytes
    if kind.family in facts.graviton_families:
        basis = facts.graviton_write_per_tb
    elif kind.instance_type in facts.write_iops:
        basis = facts.write_per_thousand_iops
        amount = facts.write_iops[kind.instance_type] / 1000
    return Limit(rate=range_of(basis) * amount, of="local NVMe write", sources=[basis.citation])


def nvme_read_limit(write: Limit) -> Limit:
    """Sequential reads of local disks that are written at that rate."""
    ratio = cold_start_facts().local_disks.read_over_write
    return Limit(
        rate=Range(
            low=write.rate.low * ratio.low,
            expected=write.rate.expected * ratio.expected,
            high=write.rate.high * ratio.high,
        ),
        of="local NVMe read",
        sources=[*write.sources, ratio.citation],
    )


def _delivered(mib_per_second: int, of: str) -> Limit:
    share = cold_start_facts().gp3.delivered
    return Limit(
        rate=range_of(share) * (mib_per_second * _GB_PER_MIB), of=of, sources=[share.citation]
    )
