from typing import get_args

import pytest

from tests.economics.stacks import plan_of
from tokenfleet.economics.bill.endpoints import endpoint_costs
from tokenfleet.plan.endpoints import WHAT_IT_CARRIES
from tokenfleet.settings.sections import InterfaceEndpoint


def test_of_every_endpoint_a_stack_may_ask_for_it_is_known_what_it_carries() -> None:
    assert WHAT_IT_CARRIES.keys() == set(get_args(InterfaceEndpoint))


def test_an_endpoint_pays_from_the_traffic_on_whose_nat_price_is_as_high() -> None:
    plan = plan_of("prod", lambda keys: keys["network"].update(interfaceEndpoints=["ecr.dkr"]))
    (found,) = endpoint_costs(plan)
    assert found.usd_per_month == pytest.approx(3 * 730 * 0.01)
    assert found.usd_per_month
    assert found.pays_from_gb
    through_nat, through_endpoint = 0.045 * found.pays_from_gb, 0.01 * found.pays_from_gb
    assert through_nat == pytest.approx(found.usd_per_month + through_endpoint)
