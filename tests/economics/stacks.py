"""Plans of the tests' stacks, their keys edited."""

import copy
from collections.abc import Callable
from typing import Any, cast

from hypothesis import strategies as st

from tests.own_stacks import FOLDER, own_stack
from tokenfleet.economics.bill.forecast import Forecast, forecast, least_replicas
from tokenfleet.economics.bill.lines import Bill, BillLine
from tokenfleet.economics.bill.scenario import Buying, Scenario
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.plan.decide import decide
from tokenfleet.plan.stack import Plan

Keys = dict[str, Any]
EDGE = {"exposure": "internal", "allowedCidrs": ["10.0.0.0/8"]}
RESERVATION = {"capacityReservationId": "cr-0123456789abcdef0", "zone": "us-east-1b"}


def plan_of(stack: str, edit: Callable[[Keys], object] = lambda _: None) -> Plan:
    """The plan of a stack, its keys edited."""
    keys = copy.deepcopy(cast("Keys", own_stack(stack).keys))
    edit(keys)
    return decide(keys, stack, FOLDER)


def with_tiers(pool: str, tiers: dict[str, Any]) -> Callable[[Keys], object]:
    """An edit: the tiers of a pool."""
    return lambda keys: keys["pools"][pool].update(tiers=tiers)


def in_oregon(keys: Keys) -> None:
    """The dev stack with a load balancer in us-west-2, on types that have a price there."""
    keys["region"], keys["edge"] = "us-west-2", EDGE
    keys["network"]["zones"] = ["us-west-2a", "us-west-2b"]
    keys["cluster"]["systemNodes"] = {"instanceType": "m8g.2xlarge", "count": 1}
    keys["pools"]["graviton4"]["instanceTypes"] = ["c8g.4xlarge"]


def forecast_of(plan: Plan, **replicas: float) -> Forecast:
    """The forecast at the fewest replicas, or at those given."""
    return forecast(plan, Scenario(replicas=replicas or least_replicas(plan)))


def bill_of(plan: Plan, **replicas: float) -> Bill:
    """The expected bill at the fewest replicas, or at those given."""
    return forecast_of(plan, **replicas).expected


def line_of(bill: Bill, title: str) -> BillLine:
    """The one line of a bill with this title, or whose title begins like this."""
    rows = [*bill.lines, *bill.by_use]
    found = [row for row in rows if row.title == title]
    found = found or [row for row in rows if row.title.startswith(title)]
    assert len(found) == 1, (title, [row.title for row in bill.lines])
    return found[0]


@st.composite
def stacks(draw: st.DrawFn) -> Plan:
    """The prod stack with any traffic, tiers and replicas, a second model on its largest pool."""
    traffic = st.none() | st.fixed_dictionaries(
        {
            "requestsPerSecond": st.floats(1e-3, 200),
            "inputTokens": st.integers(1, 4000),
            "outputTokens": st.integers(1, 3000),
        }
    )

    def edit(keys: Keys) -> None:
        models: Keys = keys["models"]
        models["beside"] = {**models["qwen3-8b"], "replicas": {"min": 1, "max": 6}}
        for model in models.values():
            model.pop("traffic", None)
            found = draw(traffic)
            if found is not None:
                model["traffic"] = found
        for pool in keys["pools"].values():
            most = draw(st.integers(8, 20))
            least = draw(st.integers(0, 3))
            pool["tiers"] = draw(
                st.sampled_from(
                    [
                        {"spot": {"max": most}},
                        {"on-demand": {"min": least, "max": most}},
                        {"spot": {"max": most}, "on-demand": {"min": least, "max": most}},
                    ]
                )
            )
        if draw(st.booleans()):
            keys["edge"] = EDGE

    return plan_of("prod", edit)


what_ifs = st.builds(
    WhatIf,
    buying=st.builds(Buying, spot_share=st.none() | st.floats(0, 1, exclude_min=True)),
    cached_share=st.floats(0, 1),
    spare=st.integers(0, 2),
)
