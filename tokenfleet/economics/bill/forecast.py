"""What a stack costs in an hour with so many replicas: every line of the plan that costs money."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tokenfleet.economics.bill.lines import HOURS_PER_MONTH, Bill
from tokenfleet.economics.bill.node_price import Outlook
from tokenfleet.economics.bill.overhead import shared_lines, system_lines, usage_lines
from tokenfleet.economics.bill.pool_nodes import pool_lines, pool_placement
from tokenfleet.economics.bill.scenario import Scenario
from tokenfleet.plan.nodes.groups import SYSTEM_POOL
from tokenfleet.plan.ranges import Range
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The same fleet's bill as spot may turn out; the 10th, 50th and 90th percentile of it."""

    low: Bill
    expected: Bill
    high: Bill

    @property
    def usd_per_hour(self) -> Range:
        """What an hour costs."""
        low, expected, high = (b.usd_per_hour for b in (self.low, self.expected, self.high))
        # Where somebody gives a spot price above on demand, plenty of spot is dear.
        return Range(low=min(low, expected, high), expected=expected, high=max(low, expected, high))

    @property
    def usd_per_month(self) -> Range:
        """What a month of such hours costs."""
        return self.usd_per_hour * HOURS_PER_MONTH

    def each(self, change: Callable[[Bill], Bill]) -> "Forecast":
        """The forecast of what a change makes of every bill."""
        return Forecast(
            low=change(self.low), expected=change(self.expected), high=change(self.high)
        )


def least_replicas(plan: Plan) -> Mapping[str, int]:
    """The replicas that every model keeps."""
    return {model.name: model.min_replicas for model in plan.models}


def most_replicas(plan: Plan) -> Mapping[str, int]:
    """The replicas that every model may grow to, whether its pool may grow so far or not."""
    return {model.name: model.max_replicas for model in plan.models}


def forecast(plan: Plan, scenario: Scenario) -> Forecast:
    """What an hour costs, as spot may turn out.

    Raises:
        CostError: when the scenario names a model that the stack does not serve.
    """
    scenario.check_against(plan)
    return Forecast(
        low=_bill(plan, scenario, "low"),
        expected=_bill(plan, scenario, "expected"),
        high=_bill(plan, scenario, "high"),
    )


def at_first(plan: Plan) -> Forecast | None:
    """What an hour costs while some models run no replica, waiting for weights; None without any."""
    if all(model.published for model in plan.models):
        return None
    replicas = {model.name: float(model.first_replicas) for model in plan.models}
    return forecast(plan, Scenario(replicas=replicas))


def _bill(plan: Plan, scenario: Scenario, outlook: Outlook) -> Bill:
    placements = {
        pool: pool_placement(plan, pool, scenario, outlook)
        for pool in plan.node_groups_by_pool
        if pool != SYSTEM_POOL
    }
    used = list(usage_lines(plan, scenario.usage))
    return Bill(
        lines=[
            *shared_lines(plan),
            *(line for line in used if line.quantity is not None),
            *system_lines(plan),
            *(
                line
                for pool, placement in placements.items()
                for line in pool_lines(plan, placement, pool, scenario, outlook)
            ),
        ],
        by_use=[line for line in used if line.quantity is None],
        unplaced_nodes={
            pool: placement.unplaced for pool, placement in placements.items() if placement.unplaced
        },
    )
