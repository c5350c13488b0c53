"""How a stack is run and paid for, where a bill asks: replicas, purchase, use."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from tokenfleet.estimate.refusal import CostError
from tokenfleet.mistakes import nearest
from tokenfleet.plan.ranges import Range
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class Buying:
    """How nodes are bought, where it is not as the catalogue assumes.

    ``spot_share``: share of the nodes beyond minimums and reservations that are spot, in pools
    with both tiers; without it, what the capacity policy is expected to reach. Prices are US
    dollars an hour by instance type.

    Raises:
        CostError: for a share or a price that cannot be.
    """

    spot_share: float | None = None
    spot_usd_per_hour: Mapping[str, Range] = field(default_factory=dict[str, Range])
    capacity_block_usd_per_hour: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        if self.spot_share is not None and not 0 <= self.spot_share <= 1:
            problem = f"{self.spot_share:g} is not between 0 and 1"
            raise CostError(problem, place="spot share")
        for kind, usd in self.spot_usd_per_hour.items():
            if not 0 < usd.low <= usd.expected <= usd.high < math.inf:
                problem = f"{usd.low:g}, {usd.expected:g}, {usd.high:g} are not prices in order"
                raise CostError(problem, place=f"spot price of {kind}")
        for kind, usd in self.capacity_block_usd_per_hour.items():
            if not 0 < usd < math.inf:
                problem = f"{usd:g} is no price"
                raise CostError(problem, place=f"capacity block price of {kind}")

    @property
    def no_spot(self) -> bool:
        """Whether nothing may be bought on spot, whatever has no room on demand."""
        return self.spot_share == 0


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What is billed by use, an hour; None where nobody knows.

    ``nat_gb`` passes the NAT gateways (images do, weights come through the free S3 endpoint),
    ``endpoint_gb`` the interface endpoints, ``logs_gb`` go into CloudWatch Logs;
    ``load_balancer_units`` are NLCUs of the load balancer.

    Raises:
        CostError: for less than nothing.
    """

    nat_gb: float | None = None
    endpoint_gb: float | None = None
    logs_gb: float | None = None
    load_balancer_units: float | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            amount: float | None = getattr(self, each.name)
            if amount is not None and not 0 <= amount < math.inf:
                problem = f"{amount:g} cannot be used"
                raise CostError(problem, place=each.name.replace("_", " "))


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """How a stack is run: replicas by model (a node each, means over the hour), and how paid.

    ``spares`` is the part of the replicas that is kept for a lost one. A model that is not
    named runs none.

    Raises:
        CostError: for fewer replicas than none, or more spares than replicas.
    """

    replicas: Mapping[str, float]
    spares: Mapping[str, float] = field(default_factory=dict[str, float])
    buying: Buying = field(default_factory=Buying)
    usage: Usage = field(default_factory=Usage)

    def __post_init__(self) -> None:
        for model, count in self.replicas.items():
            if not 0 <= count < math.inf:
                problem = f"{count:g} is no number of replicas"
                raise CostError(problem, place=model)
        for model, count in self.spares.items():
            if not 0 <= count <= self.replicas.get(model, 0.0):
                problem = f"{count:g} spares are not between 0 and its replicas"
                raise CostError(problem, place=model)

    def check_against(self, plan: Plan) -> None:
        """Refuse models that the stack does not serve.

        Raises:
            CostError: naming the nearest that it does.
        """
        known = [model.name for model in plan.models]
        for model in self.replicas:
            if model not in known:
                problem = f"the stack serves no such model.{nearest(model, known)}"
                raise CostError(problem, place=model)
