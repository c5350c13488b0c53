"""The address plan: which ranges, in which zones, and what leaves the VPC how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from tokenfleet.catalogue.pulled.public_buckets import public_buckets
from tokenfleet.plan.partition import partition_of
from tokenfleet.settings.sections import NetworkSettings

# A zone keeps its slot for ever: the slot is the zone's letter, never its place in a list.
ZONE_LETTERS = "abcdefgh"


@dataclass(frozen=True, kw_only=True)
class SubnetPlan:
    """One subnet of one zone."""

    zone: str
    cidr: IPv4Network


@dataclass(frozen=True, kw_only=True)
class NetworkPlan:
    """The VPC of a stack.

    Each zone letter owns one eighth of the VPC: the lower half of it is the private subnet,
    the first sixteenth of the upper half the public one, the rest is left for later.
    """

    region: str
    cluster_name: str
    """The cluster whose load balancers may use the subnets."""
    zone_ids: Mapping[str, str]
    """The id of each zone in this account, as far as the stack file says."""
    vpc_cidr: IPv4Network
    public_subnets: Sequence[SubnetPlan]
    private_subnets: Sequence[SubnetPlan]
    nat_zones: Sequence[str]
    nat_zone_by_zone: dict[str, str]
    public_objects: Sequence[str]
    """ARNs of what nodes read from buckets of others, whatever is in them."""
    interface_endpoints: Sequence[str]
    flow_logs: bool
    log_retention_days: int


def plan_network(
    settings: NetworkSettings, *, region: str, cluster_name: str, log_retention_days: int
) -> NetworkPlan:
    """The network of a stack, zones in alphabetical order.

    Adding a zone moves no range of the others (``tests/plan/test_network.py``).
    """
    zones = sorted(settings.zones)
    slots = list(settings.cidr.subnets(prefixlen_diff=3))
    halves = {zone: list(_slot(slots, zone).subnets()) for zone in zones}
    # A lone gateway stays where the first one was built: in the alphabetically first zone.
    nat_zones = zones if settings.nat_gateways == "onePerZone" else zones[:1]
    return NetworkPlan(
        region=region,
        cluster_name=cluster_name,
        zone_ids=dict(sorted(settings.zone_ids.items())),
        vpc_cidr=settings.cidr,
        public_subnets=[
            SubnetPlan(zone=zone, cidr=next(halves[zone][1].subnets(prefixlen_diff=4)))
            for zone in zones
        ],
        private_subnets=[SubnetPlan(zone=zone, cidr=halves[zone][0]) for zone in zones],
        nat_zones=nat_zones,
        nat_zone_by_zone={
            zone: zone if settings.nat_gateways == "onePerZone" else nat_zones[0] for zone in zones
        },
        public_objects=_public_objects(region),
        interface_endpoints=sorted(settings.interface_endpoints),
        flow_logs=settings.flow_logs,
        log_retention_days=log_retention_days,
    )


def _public_objects(region: str) -> Sequence[str]:
    names = (bucket.name_in(region) for bucket in public_buckets())
    return [f"arn:{partition_of(region)}:s3:::{name}/*" for name in names if name]


def private_size(vpc_cidr: IPv4Network) -> int:
    """Addresses of a zone's private subnet: half of an eighth of the VPC."""
    return vpc_cidr.num_addresses // 16


def _slot(slots: Sequence[IPv4Network], zone: str) -> IPv4Network:
    return slots[ZONE_LETTERS.index(zone[-1])]
