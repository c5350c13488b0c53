"""The figures that come first: the month, the budget, the night, and whether all is well."""

from collections.abc import Iterator, Sequence

from tokenfleet.counted import count
from tokenfleet.preview.report import Report
from tokenfleet.views.front_page.facts import Fact
from tokenfleet.views.front_page.nights import NIGHT_HOURS
from tokenfleet.views.money import usd, usd_range
from tokenfleet.views.story import fleet_of


def headline(report: Report) -> Sequence[Fact]:
    """Four figures, or one more for every further budget."""
    return [_month(report), *_budgets(report), _night(report), _state(report)]


def _month(report: Report) -> Fact:
    cost, total = report.cost, report.cost.bill.usd_per_month
    missing = [
        *([f"{count(len(report.gaps), 'line')} of {usd(None)} price"] if report.gaps else []),
        *(
            [f"{count(sum(each.count for each in report.unpriced), 'resource')} not priced"]
            if report.unpriced
            else []
        ),
    ]
    spread = usd_range(total.low, total.high) if usd(total.low) != usd(total.high) else ""
    return Fact(
        what=f"a month {fleet_of(cost)}",
        figure=" and ".join([usd(total.expected), *missing]),
        detail=spread,
    )


def _budgets(report: Report) -> Iterator[Fact]:
    month = report.cost.bill.usd_per_month.expected
    most = report.cost.ceiling.usd_per_month.expected
    for budget in report.plan.budgets:
        yield Fact(
            what=f"of the budget of {usd(budget.monthly_usd)} a month",
            figure=f"{month / budget.monthly_usd:.0%}",
            detail=f"{most / budget.monthly_usd:.0%} at the most replicas",
            tone="bad" if month > budget.monthly_usd else "",
        )
    if not report.plan.budgets:
        yield Fact(what="budget", figure="none set", detail="cost.monthlyBudgetUsd", tone="warning")


def _night(report: Report) -> Fact:
    return Fact(
        what=f"a night of {NIGHT_HOURS} hours without a request",
        figure=usd(report.cost.floor.usd_per_hour.expected * NIGHT_HOURS),
        detail="at the fewest replicas",
    )


def _state(report: Report) -> Fact:
    fail = sum(verdict.fails for verdict in report.cost.verdicts)
    warn = len(report.cost.verdicts) - fail
    broken = len(report.findings)
    rules = f"{count(broken, 'rule')} broken" if broken else "no rule broken"
    if fail:
        others = f"{_verdicts(warn, 'warn')}, {rules}" if warn else rules
        return Fact(what=others, figure=_verdicts(fail, "fail"), tone="bad")
    if warn:
        return Fact(
            what=f"none fails, {rules}",
            figure=_verdicts(warn, "warn"),
            tone="bad" if broken else "warning",
        )
    return Fact(
        what=f"mean load, promises, nodes and budget are met; {rules}",
        figure="no verdict",
        tone="bad" if broken else "good",
    )


def _verdicts(number: int, verb: str) -> str:
    return f"{count(number, 'verdict')} {verb}{'s' if number == 1 else ''}"
