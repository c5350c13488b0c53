"""Subnets against the nodes of all tiers: which stacks are refused, and with what arithmetic."""

import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import moto
import pytest

from tokenfleet.catalogue.machines.instances import instance_type, instance_types
from tokenfleet.mistakes import StackError
from tokenfleet.plan.network import private_size
from tokenfleet.plan.nodes.addresses import addresses_of
from tokenfleet.plan.nodes.sizes import node_size
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.addresses import address_notes

Keys = dict[str, Any]
PlanOf = Callable[[Mapping[str, Any]], Plan]
SMALL, LARGE = "10.20.0.0/20", "10.20.0.0/16"
THREE = ["us-east-1a", "us-east-1b", "us-east-1c"]
NINE = ["autoscaling", "ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "kms", "logs", "ssm"]
INTERNAL = {"exposure": "internal", "allowedCidrs": ["10.0.0.0/8"]}

# The dev stack has two zones, one system node (m8g.large: 27 for pods on 3 interfaces, 30 in all)
# and at most 2 nodes on demand of 9 addresses. A /20 leaves a zone 256 - 5 - 16 = 235: for
# 30 + 9 + 21 x 9 = 228, not for 22 x 9 more.
# id: (VPC, most on spot, other keys), parts of what is said
ROWS: Mapping[str, tuple[tuple[str, int, Mapping[str, Any]], tuple[str, ...]]] = {
    "as many as a small VPC holds": ((SMALL, 42, {}), ()),
    "one more": (
        (SMALL, 43, {}),
        (
            "235 addresses for nodes (256 - 5 of AWS - 16 of the control plane)",
            "us-east-1a needs 237 when all run",
            "system 1 nodes x 30 + graviton4 spot 22 nodes x 9 + graviton4 on-demand 1 nodes x 9",
            "Use a larger range (/16 at most), more zones, or a lower max",
        ),
    ),
    "one more in three zones": ((SMALL, 43, {"zones": THREE}), ()),
    "endpoints take some": ((SMALL, 42, {"interfaceEndpoints": NINE}), ("- 9 of interface",)),
    "load balancers take some": ((SMALL, 42, {"edge": INTERNAL}), ("- 9 of load balancers",)),
    "a large VPC": ((LARGE, 894, {}), ()),
    "too many for the largest": ((LARGE, 900, {}), ("Use more zones, or a lower max",)),
}


def edited(keys: Keys, cidr: str, most: int, others: Mapping[str, Any]) -> Keys:
    keys["network"] |= {"cidr": cidr, **{k: v for k, v in others.items() if k != "edge"}}
    keys["pools"]["graviton4"]["tiers"]["spot"]["max"] = most
    return keys | {k: v for k, v in others.items() if k == "edge"}


@pytest.mark.parametrize(("stack", "said"), ROWS.values(), ids=list(ROWS))
def test_a_stack_whose_nodes_have_no_addresses_is_refused_with_the_sum(
    stack: tuple[str, int, Mapping[str, Any]],
    said: tuple[str, ...],
    keys_of: Callable[[str], Keys],
    plan_of: PlanOf,
) -> None:
    keys = edited(keys_of("dev"), *stack)
    if not said:
        plan_of(keys)
        return
    with pytest.raises(StackError) as raised:
        plan_of(keys)
    (problem,) = (m.problem for m in raised.value.mistakes if m.path == "network.cidr")
    for part in said:
        assert part in problem


def test_a_reservation_counts_in_its_zone_alone(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = edited(keys_of("dev"), SMALL, 1, {})
    reservation = {"capacityReservationId": "cr-01234567", "zone": "us-east-1b"}
    keys["pools"]["graviton4"]["tiers"]["reserved"] = {"max": 22, "reservation": reservation}
    with pytest.raises(StackError) as raised:
        plan_of(keys)
    assert "us-east-1b needs 246" in str(raised.value)


def test_nodes_count_in_the_zones_that_offer_them(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    keys = keys_of("prod")
    keys["network"] |= {"cidr": SMALL, "zones": THREE}
    keys["pools"]["inferentia2"]["tiers"] = {"spot": {"max": 36}}
    plan_of(keys)
    # The first of these zones has no Inferentia2.
    ids = {zone: f"use1-az{number}" for zone, number in zip(THREE, (1, 2, 4), strict=True)}
    keys["network"]["zoneIds"] = ids
    with pytest.raises(StackError) as raised:
        plan_of(keys)
    assert "us-east-1b needs" in str(raised.value)
    assert "inferentia2 spot 18 nodes x 9" in str(raised.value)


@pytest.mark.parametrize(("most", "noted"), [(19, False), (42, True)])
def test_one_zone_that_could_not_hold_all_nodes_is_noted(
    most: int, keys_of: Callable[[str], Keys], plan_of: PlanOf, *, noted: bool
) -> None:
    notes = list(address_notes(plan_of(edited(keys_of("dev"), SMALL, most, {}))))
    assert bool(notes) == noted
    assert all("426 addresses at most, it has 235" in note for note in notes)


@pytest.mark.parametrize(
    ("kind", "serving", "addresses"),
    [
        ("c8gd.4xlarge", True, 8 + 1),
        ("p5.48xlarge", True, 8 + 1),
        # Four addresses an interface, two interfaces: six pods.
        ("r8gd.medium", True, 6 + 2),
        ("m8g.large", False, 27 + 3),
        # The 32 pods that the kubelet admits, and two ahead.
        ("m8g.xlarge", False, 34 + 3),
    ],
)
def test_a_node_takes_addresses_for_its_pods_and_its_interfaces(
    kind: str, addresses: int, *, serving: bool
) -> None:
    assert addresses_of([instance_type(kind)], serving=serving) == addresses


def test_the_subnet_counted_is_the_subnet_planned(
    keys_of: Callable[[str], Keys], plan_of: PlanOf
) -> None:
    network = plan_of(keys_of("dev")).network
    sizes = {subnet.cidr.num_addresses for subnet in network.private_subnets}
    assert sizes == {private_size(network.vpc_cidr)}


def test_the_kubelet_admits_no_more_pods_than_the_cni_has_addresses_for() -> None:
    """By what EC2 says of the default network card: (interfaces) x (addresses - 1), and 2 on the host's."""
    answers = Path(str(moto.__file__)).parent / "ec2/resources/instance_types.json.gz"
    recorded = json.loads(gzip.decompress(answers.read_bytes()))
    for name, kind in instance_types().items():
        network = recorded[name]["NetworkInfo"]
        cards = {card["NetworkCardIndex"]: card for card in network["NetworkCards"]}
        interfaces = cards[network["DefaultNetworkCardIndex"]]["MaximumNetworkInterfaces"]
        assert kind.ipv4_per_interface == network["Ipv4AddressesPerInterface"]
        assert node_size(kind).max_pods <= interfaces * (kind.ipv4_per_interface - 1) + 2, name
