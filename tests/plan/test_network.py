"""The address plan: stable, disjoint, inside the VPC."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenfleet.plan.network import NetworkPlan, plan_network
from tokenfleet.settings.sections import NetworkSettings

ZONES = [f"us-east-1{letter}" for letter in "abcdefgh"]
SMALLEST_AWS_SUBNET = 28


def _plan(cidr: IPv4Network, zones: list[str], nat: str = "single") -> NetworkPlan:
    settings = NetworkSettings.model_validate_json(
        f'{{"cidr": "{cidr}", "zones": {zones!r}, "natGateways": "{nat}"}}'.replace("'", '"')
    )
    return plan_network(settings, region="us-east-1", cluster_name="c", log_retention_days=7)


def _vpc(second: int, third: int, prefix: int) -> IPv4Network:
    return IPv4Network(f"10.{second}.{third}.0/{prefix}", strict=False)


cidrs = st.builds(_vpc, st.integers(0, 255), st.integers(0, 255), st.integers(16, 20))
zone_lists = st.lists(st.sampled_from(ZONES), min_size=2, max_size=8, unique=True)


@given(cidr=cidrs, zones=zone_lists, added=st.sampled_from(ZONES))
def test_adding_a_zone_keeps_existing_ranges(
    cidr: IPv4Network, zones: list[str], added: str
) -> None:
    before = _plan(cidr, zones)
    after = _plan(cidr, sorted({*zones, added}, reverse=True))
    for kind in ("private_subnets", "public_subnets"):
        kept = {subnet.zone: subnet.cidr for subnet in getattr(after, kind)}
        assert all(kept[subnet.zone] == subnet.cidr for subnet in getattr(before, kind))


@given(cidr=cidrs, zones=zone_lists)
def test_subnets_are_disjoint_inside_the_vpc_and_large_enough(
    cidr: IPv4Network, zones: list[str]
) -> None:
    plan = _plan(cidr, zones)
    ranges = [subnet.cidr for subnet in (*plan.private_subnets, *plan.public_subnets)]
    assert not any(one.overlaps(other) for one, other in combinations(ranges, 2))
    assert all(r.subnet_of(cidr) and r.prefixlen <= SMALLEST_AWS_SUBNET for r in ranges)


@pytest.mark.parametrize(
    ("nat", "gateways"), [("single", ["us-east-1a"]), ("onePerZone", ["us-east-1a", "us-east-1c"])]
)
def test_every_zone_has_a_way_out(nat: str, gateways: list[str]) -> None:
    plan = _plan(IPv4Network("10.0.0.0/16"), ["us-east-1c", "us-east-1a"], nat)
    assert plan.nat_zones == gateways
    assert set(plan.nat_zone_by_zone) == {"us-east-1a", "us-east-1c"}
    assert set(plan.nat_zone_by_zone.values()) == set(gateways)
