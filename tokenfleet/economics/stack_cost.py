"""What a stack costs, and what a million tokens of each of its models, and what is wrong with that."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.capacity.expected import Expected, expected
from tokenfleet.economics.bill.arrivals import Arrival, arrivals
from tokenfleet.economics.bill.commitments import Utilisation
from tokenfleet.economics.bill.forecast import Forecast, least_replicas, most_replicas
from tokenfleet.economics.fleet_bills import FleetBills
from tokenfleet.economics.judgement.fleet import verdicts
from tokenfleet.economics.judgement.savings import Saving, savings
from tokenfleet.economics.judgement.verdict import Verdict
from tokenfleet.economics.model_cost import ModelCost, model_cost
from tokenfleet.economics.served_fleet import WhatIf, served_fleet
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class StackCost:
    """A stack's bill at its load, and every model's part of it: together the whole of it.

    ``floor`` is the bill at the fewest replicas, ``ceiling`` at the most that have nodes.
    ``savings`` are of looser promises. ``on_spot`` is the forecast that the bill's share of spot is from: empty where a share was
    asked for.
    """

    name: str
    region: str
    bill: Forecast
    floor: Forecast
    ceiling: Forecast
    verdicts: Sequence[Verdict]
    savings: Sequence[Saving]
    models: Sequence[ModelCost]
    utilisations: Sequence[Utilisation]
    arrivals: Sequence[Arrival]
    on_spot: Sequence[Expected]


def stack_cost(plan: Plan, what_if: WhatIf, *, curves: bool = True) -> StackCost:
    """Price a stack at the traffic of its plan, with the replicas that its rules of scaling settle on.

    A model without traffic keeps its fewest replicas.

    Without ``curves`` only at that traffic.

    Raises:
        CostError: see ``served_fleet`` and ``FleetBills.room``.
    """
    bills = FleetBills(plan, what_if)
    fleets = {model.name: served_fleet(plan, model, what_if) for model in plan.models}
    wanted = {
        name: fleet.followed(fleet.model.traffic.requests_per_second) if fleet.model.traffic else 0
        for name, fleet in fleets.items()
    }
    replicas = bills.running(wanted)
    models = [model_cost(bills, fleets[name], replicas, curves=curves) for name in replicas]
    bill = bills.of(replicas).forecast
    ceiling = bills.of(bills.running(most_replicas(plan)))
    return StackCost(
        name=plan.name,
        region=plan.region,
        bill=bill,
        floor=bills.of(least_replicas(plan)).forecast,
        ceiling=ceiling.forecast,
        verdicts=verdicts(bills, models, bill, ceiling.forecast),
        savings=savings(bills, models),
        models=models,
        utilisations=bills.utilisations(replicas),
        arrivals=arrivals(plan),
        on_spot=expected(plan) if what_if.buying.spot_share is None else (),
    )
