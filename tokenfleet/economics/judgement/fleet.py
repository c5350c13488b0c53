"""All verdicts on a priced fleet, and those on its budget."""

from collections.abc import Iterator, Sequence

from tokenfleet.economics.bill.forecast import Forecast
from tokenfleet.economics.fleet_bills import FleetBills
from tokenfleet.economics.judgement.models import verdicts_on_model
from tokenfleet.economics.judgement.pools import verdicts_on_nodes, verdicts_on_spot
from tokenfleet.economics.judgement.rounding import rounded_up
from tokenfleet.economics.judgement.verdict import Verdict
from tokenfleet.economics.model_cost import ModelCost
from tokenfleet.plan.stack import Plan


def verdicts(
    bills: FleetBills, models: Sequence[ModelCost], bill: Forecast, ceiling: Forecast
) -> Sequence[Verdict]:
    """Judge a priced fleet; what fails comes first.

    ``bill`` is at the load of the models, ``ceiling`` at the most replicas that have nodes.
    """
    found = [
        *(verdict for model in models for verdict in verdicts_on_model(bills, model, models)),
        *verdicts_on_nodes(bills),
        *_of_budgets(bills.plan, bill, ceiling),
        *verdicts_on_spot(bills, models),
    ]
    return sorted(found, key=lambda verdict: not verdict.fails)


def _of_budgets(plan: Plan, bill: Forecast, ceiling: Forecast) -> Iterator[Verdict]:
    expected, most = bill.usd_per_month.expected, ceiling.usd_per_month.expected
    for budget in plan.budgets:
        usd = budget.monthly_usd
        if expected > usd:
            problem = f"${expected:,.2f} a month are ${expected - usd:,.2f} above the ${usd:,.2f}"
            amount, what = expected, "the declared load"
        elif most > usd:
            problem = (
                f"at the most replicas a month costs ${most:,.2f}, ${most - usd:,.2f} above the"
                f" ${usd:,.2f}"
            )
            amount, what = most, "the most replicas"
        else:
            continue
        yield Verdict(
            judged="budget",
            fails=expected > usd,
            place="cost.monthlyBudgetUsd",
            problem=problem,
            way_out=f"set it to ${rounded_up(amount):,} for {what}, or lower replicas.max or the load",
        )
