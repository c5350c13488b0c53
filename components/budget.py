"""A monthly budget for everything that carries the stack's tag."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tokenfleet.plan.stack import BudgetPlan

# Percent of the budget, and whether the money is spent or only forecast to be.
_ALERTS = ((80, "ACTUAL"), (100, "FORECASTED"))


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """How much, and for which stack."""

    plan: BudgetPlan


class Budget(pulumi.ComponentResource):
    """An AWS budget.

    It counts once ``tokenfleet:stack`` is activated as a cost allocation tag in the billing
    console, which only the payer account can do.
    """

    def __init__(
        self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tokenfleet:budget:Budget", name, None, opts)
        emails: Sequence[str] = args.plan.alert_emails
        aws.budgets.Budget(
            f"{name}-monthly",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=f"{args.plan.monthly_usd:.2f}",
            limit_unit="USD",
            cost_filters=[
                aws.budgets.BudgetCostFilterArgs(
                    name="TagKeyValue", values=[f"user:tokenfleet:stack${args.plan.stack}"]
                )
            ],
            notifications=[
                aws.budgets.BudgetNotificationArgs(
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    notification_type=kind,
                    subscriber_email_addresses=list(emails),
                )
                for percent, kind in _ALERTS
                if emails
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
