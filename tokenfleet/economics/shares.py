"""Who pays for what: a stack's bill divided over its models, so that together they pay all of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tokenfleet.economics.bill_line import Bill, BillLine, Cause
from tokenfleet.economics.causes import BillParts
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class ModelShare:
    """What a model pays an hour, in US dollars: of its pool, of what is shared, and by cause.

    ``unpriced`` are lines of its pool without a known price: they are in no figure here.
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
    """Divide a bill over the models of a stack.

    A pool's lines are paid by its models in proportion to their replicas, a node each. What no
    model's pool holds (control plane, NAT gateways, system nodes, pools without a model) is
    paid in proportion to that, because who needs more nodes needs more of it. Where no node
    has a price, all models pay alike.
    """
    own = {model.name: _own_part(plan, model.name, replicas) for model in plan.models}
    pool_of = {model.name: model.pool for model in plan.models}
    lines_by_pool = {
        pool: [line for line in bill.lines if line.pool == pool] for pool in pool_of.values()
    }
    shared = [line for line in bill.lines if line.pool not in lines_by_pool]
    pool_usd = {name: own[name] * _usd(lines_by_pool[pool_of[name]]) for name in pool_of}
    direct, shared_usd = sum(pool_usd.values()), _usd(shared)
    found: dict[str, ModelShare] = {}
    for name, pool in pool_of.items():
        key = pool_usd[name] / direct if direct else 1 / len(pool_of)
        causes = _added(
            (_causes(lines_by_pool[pool]), own[name]),
            (_causes(shared), key),
        )
        found[name] = ModelShare(
            pool_usd=pool_usd[name],
            shared_usd=key * shared_usd,
            parts=BillParts(
                nodes=causes["nodes"] + causes["idle"],
                spot_premium=causes["spot premium"],
                fallback=causes["fallback"],
                overhead=causes["overhead"],
            ),
            idle_nodes_usd=causes["idle"],
            unpriced=tuple(line.title for line in lines_by_pool[pool] if line.usd_per_hour is None),
        )
    return found


def _own_part(plan: Plan, name: str, replicas: Mapping[str, float]) -> float:
    """A model's part of its pool."""
    (pool,) = (model.pool for model in plan.models if model.name == name)
    beside = [model.name for model in plan.models if model.pool == pool]
    total = sum(replicas.get(model, 0.0) for model in beside)
    return replicas.get(name, 0.0) / total if total else 1 / len(beside)


def _usd(lines: Iterable[BillLine]) -> float:
    return sum(line.usd_per_hour or 0.0 for line in lines)


def _causes(lines: Iterable[BillLine]) -> Mapping[Cause, float]:
    total: dict[Cause, float] = {}
    for line in lines:
        for cause, usd in line.usd_per_hour_by_cause.items():
            total[cause] = total.get(cause, 0.0) + usd
    return total


def _added(*parts: tuple[Mapping[Cause, float], float]) -> Mapping[Cause, float]:
    causes: tuple[Cause, ...] = ("nodes", "idle", "spot premium", "fallback", "overhead")
    return {
        cause: sum(factor * by_cause.get(cause, 0.0) for by_cause, factor in parts)
        for cause in causes
    }
