"""What an hour of a node costs before there is a stack, its volumes included."""

import datetime as dt
from dataclasses import dataclass

from tokenfleet.catalogue.machines.hardware import Engine
from tokenfleet.catalogue.machines.instances import InstanceType
from tokenfleet.catalogue.places.prices import Prices
from tokenfleet.economics.bill.lines import MONTH
from tokenfleet.economics.bill.node_price import spot_price_of
from tokenfleet.economics.bill.scenario import Buying
from tokenfleet.economics.bill.volumes import disks_price
from tokenfleet.economics.choice.question import Question
from tokenfleet.estimate.quantiles import Quantiles, known
from tokenfleet.plan.nodes.disks import plan_disks


@dataclass(frozen=True, kw_only=True)
class NodeHour:
    """An hour of a node with its volumes, US dollars; ``date`` is that of the oldest price in it."""

    usd: Quantiles
    source: str
    date: dt.date


def node_hour(question: Question, kind: InstanceType, engine: Engine) -> NodeHour | None:
    """What a node of that type costs, bought as asked; None where a price is missing."""
    (disks,) = plan_disks([kind], [question.facts], compiled=engine.sdk is not None)
    prices = Prices(region=question.region)
    volumes = disks_price(disks, prices)
    if volumes is None:
        return None
    name = kind.instance_type
    if question.spot:
        spot = spot_price_of(name, [], prices, Buying())
        if spot is None:
            return None
        spread, source, date = spot
        usd = Quantiles(p10=spread.low, p50=spread.expected, p90=spread.high)
    else:
        price = prices.on_demand(name)
        if price is None:
            return None
        usd, source, date = known(price.usd), price.source, price.date
    more = volumes.usd * MONTH
    return NodeHour(
        usd=Quantiles(p10=usd.p10 + more, p50=usd.p50 + more, p90=usd.p90 + more),
        source=f"{source}; volumes: {volumes.source}",
        date=min(date, volumes.date) if date else volumes.date,
    )
