"""What each model pays of a stack's bill, by why it is paid."""

from collections.abc import Mapping
from dataclasses import dataclass

from tokenfleet.economics.bill.by_model import model_bills
from tokenfleet.economics.bill.lines import Bill, BillLine
from tokenfleet.economics.price.causes import BillParts
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class ModelShare:
    """What a model pays an hour, in US dollars: of its pool, of what is shared, and by cause.

    ``idle_nodes_usd`` is the part of ``parts.nodes`` that no replica is on. ``unpriced`` are
    lines of its pool without a known price: they are in no figure here.
    """

    pool_usd: float
    shared_usd: float
    parts: BillParts
    idle_nodes_usd: float
    unpriced: tuple[str, ...]

    @property
    def usd(self) -> float:
        """All of it."""
        return self.pool_usd + self.shared_usd


def shares(plan: Plan, bill: Bill, replicas: Mapping[str, float]) -> Mapping[str, ModelShare]:
    """Divide a bill over the models of a stack, as ``model_bills`` does."""
    pool_of = {model.name: model.pool for model in plan.models}
    return {
        name: _share(own, pool_of[name]) for name, own in model_bills(bill, plan, replicas).items()
    }


def _share(bill: Bill, pool: str) -> ModelShare:
    causes = bill.usd_per_hour_by_cause
    idle = causes.get("idle", 0.0)
    return ModelShare(
        pool_usd=sum(_usd(line) for line in bill.lines if line.pool == pool),
        shared_usd=sum(_usd(line) for line in bill.lines if line.pool != pool),
        parts=BillParts(
            nodes=causes.get("nodes", 0.0) + idle,
            spot_premium=causes.get("spot premium", 0.0),
            fallback=causes.get("fallback", 0.0),
            overhead=causes.get("overhead", 0.0),
        ),
        idle_nodes_usd=idle,
        unpriced=tuple(line.title for line in bill.gaps if line.pool == pool),
    )


def _usd(line: BillLine) -> float:
    return line.usd_per_hour or 0.0
