"""What one model of a stack costs: at its load, flat out, and over all loads."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.economics.bill.shares import ModelShare
from tokenfleet.economics.fleet_bills import FleetBills
from tokenfleet.economics.price.causes import Causes, bill_by_cause
from tokenfleet.economics.price.quote import Quote, quote_at_load, quote_at_saturation
from tokenfleet.economics.served_fleet import ServedFleet
from tokenfleet.estimate.load.served import QUEUE_GROWS_ABOVE, Served, at_load
from tokenfleet.estimate.quantiles import Quantiles, combined
from tokenfleet.estimate.throughput import Saturation
from tokenfleet.settings.models import ObjectiveSettings

# Loads along a curve, from a hundredth of what the largest fleet could serve to all of it.
_POINTS = 49
_LEAST_LOAD = 0.01


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """US dollars per million tokens, all alike, at a load; with the replicas it takes.

    ``promise_missed`` where the fleet does not grow to what the objective takes.
    """

    requests_per_second: float
    replicas: int
    usd_per_mtok: Quantiles
    promise_missed: bool
    queue_grows: bool


@dataclass(frozen=True, kw_only=True)
class ModelCost:
    """What one model costs.

    ``replicas`` run for the load by the rule of scaling, or the fewest where none is known;
    ``most_replicas`` may.
    ``share`` is what it pays of the bill as expected, ``usd_per_hour`` the same with its range.
    ``spot_share`` is the part of the node-hours of its pool's replicas that is bought as spot, as
    the bill expects; None where no replica has a node.
    ``at_load`` and ``served`` (one replica at its part of the load) are None without traffic,
    all prices without a price of its nodes. ``causes`` are US dollars an hour. ``missing`` is
    how many replicas more it takes to keep queue and promise; ``misses`` why no number would.
    ``refused`` is the share of its load that finds all replicas full.
    """

    name: str
    hugging_face_id: str
    objective: ObjectiveSettings
    least_replicas: int
    most: Saturation
    requests_per_second: float | None
    replicas: int
    most_replicas: int
    share: ModelShare
    usd_per_hour: Quantiles
    spot_share: float | None
    at_load: Quote | None
    flat_out: Quote | None
    served: Served | None
    causes: Causes
    missing: int
    queue_grows: bool
    misses: str | None
    refused: float
    curve: Sequence[CurvePoint]


def model_cost(
    bills: FleetBills, fleet: ServedFleet, replicas: Mapping[str, int], *, curves: bool
) -> ModelCost:
    """Price a model with those replicas of every model; without ``curves`` at its load only."""
    model, name = fleet.model, fleet.model.name
    found, running_now = bills.of(replicas), replicas[name]
    share, usd = found.expected[name], found.usd_per_hour(name)
    priced = not share.unpriced
    load = model.traffic.requests_per_second if model.traffic else None
    quote = None if load is None else _quote(bills, fleet, replicas, load)
    most_replicas = bills.most_replicas_of(model)
    return ModelCost(
        name=name,
        hugging_face_id=model.hugging_face_id,
        objective=model.objective,
        least_replicas=model.min_replicas,
        most=fleet.most,
        requests_per_second=load,
        replicas=running_now,
        most_replicas=most_replicas,
        share=share,
        usd_per_hour=usd,
        spot_share=bills.spot_share(model.pool, replicas),
        at_load=quote if priced else None,
        flat_out=quote_at_saturation(fleet.most, usd, replicas=running_now) if priced else None,
        served=None if load is None else at_load(fleet.most, load / running_now),
        causes=_causes(share, quote),
        missing=0 if load is None else max(0, fleet.needed(load) - running_now),
        queue_grows=quote is not None and _grows(quote, running_now, most_replicas),
        misses=fleet.misses,
        refused=0.0 if load is None else fleet.refused(load, running_now),
        curve=_curve(bills, fleet, replicas, most_replicas) if priced and curves else (),
    )


def _grows(quote: Quote, replicas: int, most_replicas: int) -> bool:
    """Whether waiting grows out of hand: before that, the rule of scaling adds replicas if it may."""
    return replicas >= most_replicas and quote.load.p50 > QUEUE_GROWS_ABOVE


def _quote(
    bills: FleetBills, fleet: ServedFleet, replicas: Mapping[str, int], load: float
) -> Quote:
    """At a load, with the range of spot, and of theta by the fleets that other thetas take."""
    name, most = fleet.model.name, fleet.most
    found = bills.of(replicas)
    usd = found.usd_per_hour(name)
    quote = quote_at_load(
        most,
        usd,
        replicas=replicas[name],
        requests_per_second=load,
        max_replicas=bills.most_replicas_of(fleet.model),
    )
    by_theta = [
        _usd_of_a_request(bills, fleet, replicas, load, theta=theta)
        for theta in (most.theta.p10, most.theta.p50, most.theta.p90)
    ]
    middle = by_theta[1]
    if not middle:  # no price of its nodes is known: its load is, but nothing has a range
        return quote
    spread = Quantiles(p10=min(by_theta) / middle, p50=1.0, p90=max(by_theta) / middle)
    return dataclasses.replace(quote, range_of_price=combined([usd.relative, spread]))


def _usd_of_a_request(
    bills: FleetBills,
    fleet: ServedFleet,
    replicas: Mapping[str, int],
    load: float,
    *,
    theta: float,
) -> float:
    """What a completed request costs, relative to others, if that were theta."""
    name = fleet.model.name
    if theta == fleet.most.theta.p50:
        number, fleets = replicas[name], replicas
    else:
        fleets = bills.running({**replicas, name: fleet.followed(load, theta)})
        number = fleets[name]
    served = min(load, number * theta / fleet.most.shape.produced)
    return bills.of(fleets).expected[name].usd / served


def _causes(share: ModelShare, quote: Quote | None) -> Causes:
    """Of its nodes those that are idle for lack of load, and those that no replica is on."""
    nodes = share.parts.nodes
    busy = nodes - share.idle_nodes_usd
    used = quote.load.p50 * busy / nodes if quote and nodes else 0.0
    return bill_by_cause(share.parts, min(used, busy / nodes if nodes else 0.0))


def _curve(
    bills: FleetBills, fleet: ServedFleet, replicas: Mapping[str, int], most_replicas: int
) -> Sequence[CurvePoint]:
    """Prices from little load to all that the largest fleet serves, other models as they are."""
    name = fleet.model.name
    full = most_replicas * fleet.most.theta.p50 / fleet.most.shape.produced
    points: list[CurvePoint] = []
    for place in range(_POINTS):
        load = full * _LEAST_LOAD ** (1 - place / (_POINTS - 1))
        fleets = {
            **replicas,
            name: min(most_replicas, max(fleet.model.min_replicas, fleet.followed(load))),
        }
        quote = _quote(bills, fleet, fleets, load)
        points.append(
            CurvePoint(
                requests_per_second=load,
                replicas=fleets[name],
                usd_per_mtok=quote.range_of_price * quote.prices.blended,
                promise_missed=fleet.misses is None and fleet.needed(load) > fleets[name],
                queue_grows=_grows(quote, fleets[name], most_replicas),
            )
        )
    return points
