"""What a million tokens cost on a fleet that follows the load of a day."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.economics.fleet import FLAT, FleetBounds, FleetDay, fleet_day
from tokenfleet.economics.price import token_flow, token_prices, weights_of
from tokenfleet.economics.quantiles import Quantiles, combined, known
from tokenfleet.economics.quote import Quote
from tokenfleet.economics.throughput import Saturation
from tokenfleet.economics.verdict import verdict


@dataclass(frozen=True, kw_only=True)
class DayQuote:
    """A quote over a day and the fleet it is for; its bill and flow are those of a mean hour."""

    quote: Quote
    day: FleetDay


def quote_over_day(
    most: Saturation,
    requests_per_second: float,
    bounds: FleetBounds,
    *,
    usd_per_replica_hour: Quantiles,
    other_usd_per_hour: float,
    shape: Sequence[float] = FLAT,
) -> DayQuote:
    """Prices over a day: paid replicas at ``usd_per_replica_hour``, and what is no replica.

    A slower theta takes more replicas or serves less, so the range follows whole fleets at the
    10th, 50th and 90th percentile of theta.
    """
    slow, day, fast = (
        fleet_day(dataclasses.replace(most, theta=known(theta)), requests_per_second, bounds, shape)
        for theta in (most.theta.p10, most.theta.p50, most.theta.p90)
    )
    bill = _bill(day, usd_per_replica_hour.p50, other_usd_per_hour)
    flow = token_flow(day.served_requests_per_second, most.shape)
    # Whole replicas: now and then a faster server leaves a fleet with more idle time.
    usd_of_one = [
        _bill(fleet, usd_per_replica_hour.p50, other_usd_per_hour)
        / fleet.served_requests_per_second
        for fleet in (slow, day, fast)
    ]
    by_theta = Quantiles(p10=min(usd_of_one), p50=usd_of_one[1], p90=max(usd_of_one))
    by_bill = Quantiles(
        p10=_bill(day, usd_per_replica_hour.p10, other_usd_per_hour) / bill,
        p50=1.0,
        p90=_bill(day, usd_per_replica_hour.p90, other_usd_per_hour) / bill,
    )
    capacity = most.theta * (day.paid_replicas / most.shape.output_tokens)
    peak = max(hour.requests_per_second for hour in day.hours)
    quote = Quote(
        usd_per_hour=by_bill * bill,
        flow=flow,
        prices=token_prices(bill, flow, weights_of(most.input_weight)),
        range_of_price=combined([by_theta.relative, by_bill]),
        load=capacity.under(day.requests_per_second),
        idle_share=max(0.0, 1 - day.served_requests_per_second / capacity.p50),
        verdict=verdict(most, peak, bounds.max_replicas, bounds.spare),
    )
    return DayQuote(quote=quote, day=day)


def _bill(day: FleetDay, usd_per_replica_hour: float, other_usd_per_hour: float) -> float:
    return day.paid_replicas * usd_per_replica_hour + other_usd_per_hour
