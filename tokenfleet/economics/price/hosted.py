"""The same tokens bought from somebody who serves the model: prices, verdict, break-even load."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from tokenfleet.economics.price.quote import Quote
from tokenfleet.economics.price.tokens import TokenFlow, token_flow
from tokenfleet.estimate.load.served import QUEUE_GROWS_ABOVE
from tokenfleet.estimate.throughput import Saturation

ACT_ABOVE = 1.5
"""How many times dearer one side must be before the estimate's range cannot explain it."""

Side = Literal["own", "hosted", "either"]


@dataclass(frozen=True, kw_only=True)
class HostedPrice:
    """What a provider asks, US dollars per million tokens; the user names source and date.

    ``cached_input`` is None where a hit costs what a miss costs.
    """

    name: str
    output: float
    input: float
    cached_input: float | None
    source: str
    date: dt.date

    def usd(self, flow: TokenFlow) -> float:
        """US dollars for those tokens."""
        cached = self.input if self.cached_input is None else self.cached_input
        return (
            self.output * flow.output
            + self.input * flow.uncached_input
            + cached * flow.cached_input
        ) / 1e6


@dataclass(frozen=True, kw_only=True)
class HostedComparison:
    """``ratio`` of the own bill to the hosted bill for the same tokens, and who is cheaper.

    ``cheaper`` is ``either`` while the ratio is within ``ACT_ABOVE`` both ways.
    ``break_even_requests_per_second`` is the load at which both cost the same with this fleet;
    None where the fleet saturates before.
    """

    hosted_usd_per_hour: float
    ratio: float
    cheaper: Side
    break_even_requests_per_second: float | None


def compare_hosted(
    own: Quote, hosted: HostedPrice, most: Saturation, *, replicas: int
) -> HostedComparison:
    """Compare a quote with a hosted price for the tokens that the fleet serves."""
    usd = hosted.usd(own.flow)
    ratio = own.usd_per_hour.p50 / usd
    sides: Side = "either"
    if ratio >= ACT_ABOVE:
        sides = "hosted"
    elif ratio <= 1 / ACT_ABOVE:
        sides = "own"
    return HostedComparison(
        hosted_usd_per_hour=usd,
        ratio=ratio,
        cheaper=sides,
        break_even_requests_per_second=break_even(
            own.usd_per_hour.p50, hosted, most, replicas=replicas
        ),
    )


def break_even(
    usd_per_hour: float, hosted: HostedPrice, most: Saturation, *, replicas: int
) -> float | None:
    """Requests a second from which a fleet that costs so much is cheaper than ``hosted``.

    None when that is more than the fleet carries without a growing queue: then the hosted model
    is cheaper at every load it can serve.
    """
    usd_of_one = hosted.usd(token_flow(1.0, most.shape))
    if usd_of_one <= 0:
        return None
    load = usd_per_hour / usd_of_one
    capacity = QUEUE_GROWS_ABOVE * replicas * most.theta.p50 / most.shape.produced
    return load if load <= capacity else None
