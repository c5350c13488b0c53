"""What a stack costs in one breath, and what is wrong with it: the same words wherever it is shown."""

from collections.abc import Sequence

from tokenfleet.counted import count, three_digits
from tokenfleet.economics.bill.forecast import Forecast
from tokenfleet.economics.judgement.savings import Saving
from tokenfleet.economics.judgement.verdict import Verdict
from tokenfleet.economics.stack_cost import StackCost
from tokenfleet.plan.stack import BudgetPlan
from tokenfleet.preview.report import Report
from tokenfleet.views.money import usd, usd_range

ALL_WELL = "No verdict: mean load, promises, nodes and budget are met."
"""What is said where there is none."""


def a_month(bill: Forecast, *, not_priced: int = 0) -> str:
    """``$658.02 ($323.82 to $754.80)``, and how much of unknown price is not in it."""
    total = bill.usd_per_month
    text = usd(total.expected)
    if usd(total.low) != usd(total.high):
        text += f" ({usd_range(total.low, total.high)})"
    if gaps := bill.expected.gaps:
        text += f" and {count(len(gaps), 'line')} of {usd(None)} price"
    if not_priced:
        text += f" and {count(not_priced, 'resource')} not priced"
    return text


def month_of(report: Report) -> str:
    """What a month costs at the declared load."""
    return a_month(report.cost.bill, not_priced=sum(each.count for each in report.unpriced))


def fleet_of(cost: StackCost) -> str:
    """What fleet the bill is of: ``for the declared load``, or ``at the fewest replicas``."""
    declared = [model for model in cost.models if model.requests_per_second is not None]
    if not declared:
        return "at the fewest replicas, as no traffic is declared"
    return "for the declared load"


def bounds_of(cost: StackCost) -> str:
    """``$258.02 at the fewest replicas, $958.02 at the most``."""
    floor, ceiling = (bill.usd_per_month.expected for bill in (cost.floor, cost.ceiling))
    return f"{usd(floor)} at the fewest replicas, {usd(ceiling)} at the most"


def budget_line(cost: StackCost, budgets: Sequence[BudgetPlan]) -> str:
    """``Budget $25,000.00: 80% of it.``, or nothing without one."""
    month = cost.bill.usd_per_month.expected
    return " ".join(
        f"Budget {usd(budget.monthly_usd)}: {month / budget.monthly_usd:.0%} of it."
        for budget in budgets
    )


def verdict_line(verdict: Verdict) -> str:
    """Place, problem and way out."""
    way_out = verdict.way_out[0].upper() + verdict.way_out[1:]
    return f"{verdict.place}: {verdict.problem}. {way_out}."


def saving_line(saving: Saving) -> str:
    """``itlP99Ms 80 instead of 60: 2 replicas fewer, about $2,100 a month``, after its place."""
    lowered = "" if saving.min_replicas is None else f", with replicas.min {saving.min_replicas:,}"
    return (
        f"{saving.place}: {saving.key} {saving.milliseconds:,} instead of {saving.promised:,}:"
        f" {count(saving.fewer, 'replica')} fewer{lowered}, about ${three_digits(saving.usd_per_month)} a month."
    )


def until_published(report: Report) -> str:
    """``Until weights are published it costs $0.25 an hour, serving as declared $0.90``, or nothing."""
    if report.bill_at_first is None:
        return ""
    first, declared = report.bill_at_first.usd_per_hour, report.cost.bill.usd_per_hour
    return (
        f"Until weights are published this stack costs {usd(first.expected)} an hour; serving as"
        f" declared, {usd(declared.expected)} ({usd_range(declared.low, declared.high)})."
    )
