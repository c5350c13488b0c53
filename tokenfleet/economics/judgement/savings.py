"""What the next looser promise would save a fleet."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.economics.fleet_bills import FleetBills
from tokenfleet.economics.model_cost import ModelCost
from tokenfleet.plan.serving.limits.looser import Key


@dataclass(frozen=True, kw_only=True)
class Saving:
    """Replicas ``fewer``, and US dollars a month, with ``key`` of an objective at ``milliseconds``.

    ``place`` is the config path of the objective. ``min_replicas`` is what ``replicas.min`` has to be lowered
    to, None where it does not stand in the way.
    """

    place: str
    key: Key
    promised: int
    milliseconds: int
    fewer: int
    min_replicas: int | None
    usd_per_month: float


def savings(bills: FleetBills, models: Sequence[ModelCost]) -> Sequence[Saving]:
    """For each model whose promise takes more replicas than its load, as far as there are nodes for them.

    None for a model with more replicas than its promise takes: no looser one would save them.
    """
    replicas = {model.name: model.replicas for model in models}
    spare, found = bills.what_if.spare, list[Saving]()
    for plan, cost in zip(bills.plan.models, models, strict=True):
        looser, wanted = plan.looser, cost.replicas + cost.missing
        if looser is None or wanted != looser.replicas + spare or wanted > cost.most_replicas:
            continue
        then = looser.replicas_then + spare
        dear, cheap = (
            bills.of({**replicas, plan.name: number}).forecast.usd_per_month.expected
            for number in (wanted, then)
        )
        found.append(
            Saving(
                place=f"models.{plan.name}.objective",
                key=looser.key,
                promised=looser.promised,
                milliseconds=looser.milliseconds,
                fewer=wanted - then,
                min_replicas=then if plan.min_replicas > then else None,
                usd_per_month=dear - cheap,
            )
        )
    return found
