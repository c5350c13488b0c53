"""What a million tokens cost on a fleet of so many replicas: at its load and flat out."""

from dataclasses import dataclass

from tokenfleet.economics.price.sizing import Sizing, sizing
from tokenfleet.economics.price.tokens import (
    TokenFlow,
    TokenPrices,
    token_flow,
    token_prices,
    weights_of,
)
from tokenfleet.estimate.quantiles import Quantiles, combined, known, log_normal
from tokenfleet.estimate.refusal import CostError
from tokenfleet.estimate.throughput import Saturation

SPOT_FORECAST = log_normal(1.0, 0.15)
"""How far a forecast of spot cost is off; multiply a bill of spot nodes by it. First halves of
four public spot traces forecast second halves within 12 % on the mean, which is 0.8 standard
deviations of a normal distribution."""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Prices at a load; ``prices`` times ``flow`` is the median bill.

    ``range_of_price`` is relative: multiply any price by it. ``load`` is the share of what the
    fleet could serve that is asked for, ``idle_share`` what of its work it does not sell.
    """

    usd_per_hour: Quantiles
    flow: TokenFlow
    prices: TokenPrices
    range_of_price: Quantiles
    load: Quantiles
    idle_share: float
    sizing: Sizing


def quote_at_load(
    most: Saturation,
    usd_per_hour: Quantiles,
    *,
    replicas: int,
    requests_per_second: float,
    max_replicas: int | None = None,
) -> Quote:
    """Prices of a fleet of ``replicas`` replicas that is asked for so many requests a second.

    What is asked for beyond saturation is not served, so it does not make tokens cheaper. The
    range comes from the bill, and where theta binds from theta.

    Raises:
        CostError: without a replica.
    """
    if replicas < 1:
        problem = "a price needs at least one replica that serves"
        raise CostError(problem, place="replicas")
    asked = requests_per_second * most.shape.produced
    capacity = most.theta * replicas
    served = Quantiles(
        p10=min(asked, capacity.p10), p50=min(asked, capacity.p50), p90=min(asked, capacity.p90)
    )
    flow = token_flow(served.p50 / most.shape.produced, most.shape)
    load = capacity.under(asked)
    return Quote(
        usd_per_hour=usd_per_hour,
        flow=flow,
        prices=token_prices(usd_per_hour.p50, flow, weights_of(most.input_weight)),
        range_of_price=combined([usd_per_hour.relative, served.relative.under(1.0)]),
        load=load,
        idle_share=max(0.0, 1 - load.p50),
        sizing=sizing(most, requests_per_second, max_replicas or replicas),
    )


def quote_at_saturation(most: Saturation, usd_per_hour: Quantiles, *, replicas: int) -> Quote:
    """Prices of a fleet that never idles: what no real load reaches, and benchmarks quote."""
    flat_out = replicas * most.theta.p50 / most.shape.produced
    found = quote_at_load(most, usd_per_hour, replicas=replicas, requests_per_second=flat_out)
    # Here theta is the load, and so it is all of the range.
    spread = combined([usd_per_hour.relative, most.theta.relative])
    return Quote(
        usd_per_hour=usd_per_hour,
        flow=found.flow,
        prices=found.prices,
        range_of_price=spread,
        load=known(1.0),
        idle_share=0.0,
        sizing=found.sizing,
    )
