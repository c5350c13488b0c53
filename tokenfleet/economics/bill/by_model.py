"""One bill split into those of its models, which together are the bill."""

from collections.abc import Mapping
from dataclasses import replace

from tokenfleet.economics.bill.lines import Bill, BillLine
from tokenfleet.plan.stack import Plan


def model_bills(bill: Bill, plan: Plan, replicas: Mapping[str, float]) -> Mapping[str, Bill]:
    """The part of every line that each model pays.

    Models share the nodes of their pool by replicas, evenly where none runs, and what the whole
    stack shares by what their nodes cost. Prices by use are everybody's.
    """
    of_pool = {model.name: _share_of_pool(plan, model.name, replicas) for model in plan.models}
    pool_of = {model.name: model.pool for model in plan.models}
    usd_by_pool: dict[str, float] = {}
    for line in bill.lines:
        if line.pool is not None:
            usd_by_pool[line.pool] = usd_by_pool.get(line.pool, 0.0) + (line.usd_per_hour or 0.0)
    own = {name: of_pool[name] * usd_by_pool.get(pool, 0.0) for name, pool in pool_of.items()}
    together = sum(own.values())
    return {
        name: Bill(
            lines=[
                _part(line, share)
                for line in bill.lines
                if line.pool in {None, pool_of[name]}
                for share in (of_pool[name] if line.pool else _of(own[name], together, len(own)),)
                if share
            ],
            by_use=bill.by_use,
            unplaced_nodes={
                pool: nodes * of_pool[name]
                for pool, nodes in bill.unplaced_nodes.items()
                if pool == pool_of[name]
            },
        )
        for name in own
    }


def _share_of_pool(plan: Plan, name: str, replicas: Mapping[str, float]) -> float:
    pool = next(model.pool for model in plan.models if model.name == name)
    mates = [model.name for model in plan.models if model.pool == pool]
    return _of(replicas.get(name, 0.0), sum(replicas.get(m, 0.0) for m in mates), len(mates))


def _of(part: float, whole: float, parts: int) -> float:
    return part / whole if whole else 1 / parts


def _part(line: BillLine, share: float) -> BillLine:
    return replace(
        line,
        quantity=None if line.quantity is None else line.quantity * share,
        usd_per_hour=None if line.usd_per_hour is None else line.usd_per_hour * share,
        usd_per_hour_by_cause={c: usd * share for c, usd in line.usd_per_hour_by_cause.items()},
    )
