"""Why tokens cost what they cost: the bill by cause, the causes together the bill."""

from dataclasses import dataclass

from tokenfleet.economics.price.tokens import TokenPrices
from tokenfleet.estimate.refusal import CostError


@dataclass(frozen=True, kw_only=True)
class BillParts:
    """A bill in US dollars an hour, split by what is bought; the sum is the bill.

    ``nodes``: the nodes that the load needs, at the price of the cheapest tier. ``spot_premium``:
    what makes spot dependable - spare replicas, and an on-demand base above the cheapest price.
    ``fallback``: what hours on demand cost above spot because spot was not to be had.
    ``overhead``: all that is no node - control plane, NAT, endpoints, volumes, logs.
    """

    nodes: float
    spot_premium: float = 0.0
    fallback: float = 0.0
    overhead: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value >= 0:
                problem = f"{value:g} US dollars an hour is no part of a bill"
                raise CostError(problem, place=name)

    @property
    def usd_per_hour(self) -> float:
        """The whole bill."""
        return self.nodes + self.spot_premium + self.fallback + self.overhead


@dataclass(frozen=True, kw_only=True)
class Causes:
    """Something that adds up (a bill, a price per token) split by why it is paid.

    ``work`` is what the same tokens would cost on nodes that are never idle, ``idle`` the rest
    of the nodes.
    """

    work: float
    idle: float
    spot_premium: float
    fallback: float
    overhead: float

    @property
    def total(self) -> float:
        """The causes together."""
        return self.work + self.idle + self.spot_premium + self.fallback + self.overhead

    def __mul__(self, factor: float) -> "Causes":
        return Causes(
            work=self.work * factor,
            idle=self.idle * factor,
            spot_premium=self.spot_premium * factor,
            fallback=self.fallback * factor,
            overhead=self.overhead * factor,
        )


def bill_by_cause(parts: BillParts, load: float) -> Causes:
    """Split a bill at a load (share of what the nodes could serve, 1 when saturated)."""
    used = min(1.0, max(0.0, load))
    return Causes(
        work=parts.nodes * used,
        idle=parts.nodes * (1 - used),
        spot_premium=parts.spot_premium,
        fallback=parts.fallback,
        overhead=parts.overhead,
    )


def price_by_cause(prices: TokenPrices, parts: BillParts, load: float) -> Causes:
    """The price of output (of input, without any) in US dollars per million tokens, split in the bill's proportions."""
    bill = parts.usd_per_hour
    return bill_by_cause(parts, load) * (prices.leading / bill if bill else 0.0)
