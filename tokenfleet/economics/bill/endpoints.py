"""Interface endpoints: what they cost, and from which traffic on they save more than that."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.plan.endpoints import WHAT_IT_CARRIES
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class EndpointCost:
    """The interface endpoint of one service in all zones, for a month.

    ``carries`` is what this stack sends there, None for nothing. ``pays_from_gb`` is the traffic
    whose way through NAT gateways would cost as much. None where a price is not known.
    """

    service: str
    carries: str | None
    usd_per_month: float | None
    pays_from_gb: float | None


def endpoint_costs(plan: Plan) -> Sequence[EndpointCost]:
    """Every interface endpoint of a stack.

    pays_from_gb = hours x zones x price / (price of a GB through NAT - through the endpoint)
    """
    hour, gb, nat_gb = (
        plan.prices.service(name)
        for name in ("interfaceEndpoint", "interfaceEndpointData", "natGatewayData")
    )
    usd = hour and hour.usd * HOURS_PER_MONTH * len(plan.network.private_subnets)
    saved = nat_gb.usd - gb.usd if gb and nat_gb else None
    return [
        EndpointCost(
            service=service,
            carries=WHAT_IT_CARRIES[service],
            usd_per_month=usd,
            pays_from_gb=usd / saved if usd and saved else None,
        )
        for service in plan.network.interface_endpoints
    ]
