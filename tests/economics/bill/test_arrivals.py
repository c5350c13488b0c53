import dataclasses

import pytest

from tests.economics.stacks import Keys, in_oregon, plan_of
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.economics.bill.arrivals import arrivals
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import stack_cost

NAT_GB_USD = 0.045
CREDENTIALS = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf"


def cached(keys: Keys) -> None:
    keys["account"] = "111122223333"
    keys["cluster"]["imageCache"] = {"enabled": True, "dockerHubSecretArn": CREDENTIALS}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_pool_has_a_node_that_pays_for_each_gb_through_nat(stack: str) -> None:
    plan = plan_of(stack)
    found = arrivals(plan)
    assert {arrival.pool for arrival in found} == set(plan.node_groups_by_pool)
    for arrival in found:
        assert arrival.nat_usd
        assert arrival.nat_usd.expected == pytest.approx(NAT_GB_USD * arrival.nat_gb.expected)


def test_a_gpu_node_pays_for_its_image_until_that_is_cached() -> None:
    (before,) = (a for a in arrivals(plan_of("prod")) if a.pool == "h100")
    (after,) = (a for a in arrivals(plan_of("prod", cached)) if a.pool == "h100")
    assert before.nat_gb.expected > 10
    assert after.nat_gb.expected < 0.5


def test_a_price_that_is_not_known_is_not_zero() -> None:
    unpriced = dataclasses.replace(plan_of("dev"), prices=Prices(region="eu-south-2"))
    assert {arrival.nat_usd for arrival in arrivals(unpriced)} == {None}


def test_a_cost_says_what_a_new_node_fetches() -> None:
    plan = plan_of("dev", in_oregon)
    assert stack_cost(plan, WhatIf(), curves=False).arrivals == arrivals(plan)


def test_the_registry_keeps_every_cached_image_and_is_paid_for_it() -> None:
    def stored(edit: object = None) -> list[float | None]:
        plan = plan_of("prod", cached) if edit else plan_of("prod")
        lines = stack_cost(plan, WhatIf(), curves=False).bill.expected.lines
        return [line.usd_per_month for line in lines if line.title == "ECR image storage"]

    assert stored() == []
    # 1.2 + 2 x 10 + 5.5 GB of 10^9 bytes at $0.10 for 2^30.
    assert stored(cached) == [pytest.approx(26.7e9 / 2**30 * 0.1)]
