"""What the mean load leaves out: whether a model may grow to what the busy hours of a day take."""

from collections.abc import Iterator

from tokenfleet.counted import count, three_digits
from tokenfleet.economics.fleet_bills import FleetBills
from tokenfleet.economics.served_fleet import WhatIf, served_fleet
from tokenfleet.elasticity.load import USUAL_TIMES, rise_and_fall
from tokenfleet.plan.stack import Plan


def busy_hour_notes(plan: Plan) -> Iterator[str]:
    """A sentence for each model that carries its mean load and not the busiest time of a usual day.

    One that does not carry its mean has a verdict. Bursts and starts come on top: those are for
    ``tokenfleet simulate``.
    """
    bills = FleetBills(plan, WhatIf())
    shape = rise_and_fall(USUAL_TIMES)
    times = max(shape) * len(shape) / sum(shape)
    for model in plan.models:
        if model.traffic is None:
            continue
        mean = model.traffic.requests_per_second
        fleet, most = served_fleet(plan, model, WhatIf()), bills.most_replicas_of(model)
        needed = fleet.needed(times * mean)
        if fleet.misses or fleet.needed(mean) > most or needed <= most:
            continue
        beside = sum(
            other.min_replicas
            for other in plan.models
            if other.pool == model.pool and other.name != model.name
        )
        ways = [f"replicas.max to {needed:,}"] if needed > model.max_replicas else []
        if needed + beside > bills.room(model.pool):
            ways.append(f"the tiers of pools.{model.pool} to {needed + beside:,} nodes together")
        yield (
            f"models.{model.name}: its traffic is a mean. Where the busiest time of a day has"
            f" {three_digits(times)} times that, it takes {count(needed, 'replica')} and may have {most:,}: what is"
            f" more than those hold is refused. Set {' and '.join(ways)}, or play its day:"
            f" tokenfleet simulate {plan.stack} {model.name}"
        )
