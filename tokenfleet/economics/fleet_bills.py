"""Bills of a stack at any replicas, and how many replicas its bounds allow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tokenfleet.economics.bill.commitments import Utilisation, with_commitments
from tokenfleet.economics.bill.forecast import Forecast, forecast
from tokenfleet.economics.bill.pool_nodes import pool_placement
from tokenfleet.economics.bill.scenario import Scenario
from tokenfleet.economics.bill.shares import ModelShare, shares
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.estimate.quantiles import Quantiles
from tokenfleet.estimate.refusal import CostError
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan


@dataclass(frozen=True, kw_only=True)
class FleetBill:
    """A stack's bill with so many replicas, and what each model pays of it as expected."""

    forecast: Forecast
    expected: Mapping[str, ModelShare]
    low: Mapping[str, ModelShare]
    high: Mapping[str, ModelShare]

    def usd_per_hour(self, name: str) -> Quantiles:
        """What a model pays an hour, as spot may turn out; p50 is as expected.

        Dear spot can make a model pay less: others then pay more of what is shared.
        """
        outlooks = [by_name[name].usd for by_name in (self.low, self.expected, self.high)]
        return Quantiles(p10=min(outlooks), p50=self.expected[name].usd, p90=max(outlooks))


@dataclass(frozen=True)
class FleetBills:
    """Bills of a stack by replicas: one is asked for many times along a curve."""

    plan: Plan
    what_if: WhatIf

    @cached_property
    def _known(self) -> dict[tuple[tuple[str, float], ...], FleetBill]:
        return {}

    def of(self, replicas: Mapping[str, float]) -> FleetBill:
        """The bill with those replicas by model, means over the hour."""
        key = tuple(sorted(replicas.items()))
        if key not in self._known:
            self._known[key] = self._made(replicas)
        return self._known[key]

    def spot_share(self, pool: str, replicas: Mapping[str, float]) -> float | None:
        """The part of a pool's nodes with replicas that is bought as spot, as the bill expects.

        None where no replica has a node.
        """
        return pool_placement(self.plan, pool, self.scenario(replicas), "expected").spot_share

    def utilisations(self, replicas: Mapping[str, float]) -> Sequence[Utilisation]:
        """How well every commitment is used with those replicas, as expected."""
        bill = forecast(self.plan, self.scenario(replicas)).expected
        return with_commitments(bill, self.what_if.commitments).utilisations

    def most_replicas_of(self, model: ModelPlan) -> int:
        """What a model may grow to: its own maximum, in nodes that its pool leaves to it.

        Models that share a pool keep their minimum each.
        """
        others = sum(
            other.min_replicas
            for other in self.plan.models
            if other.pool == model.pool and other.name != model.name
        )
        room = self.room(model.pool) - others
        return max(model.min_replicas, min(model.max_replicas, room))

    def room(self, pool: str) -> int:
        """The most nodes a pool may have, bought as it is asked.

        Raises:
            CostError: where nothing may be bought on spot, and the pool has nothing else.
        """
        groups = self.plan.node_groups_by_pool[pool]
        no_spot = self.what_if.buying.no_spot
        tiers = [g for g in groups if not (no_spot and g.purchase_option == "spot")]
        if not tiers:
            problem = f"pools.{pool} has no tier but spot, so that nothing would run"
            raise CostError(problem, place="spot share 0")
        return sum(group.max_nodes for group in tiers)

    def running(self, wanted: Mapping[str, int]) -> Mapping[str, int]:
        """Replicas by model within every bound; where a pool is too small, the least served first."""
        bounds = {
            model.name: (model.min_replicas, self.most_replicas_of(model))
            for model in self.plan.models
        }
        goals = {
            name: min(bounds[name][1], max(bounds[name][0], number))
            for name, number in wanted.items()
        }
        given = {name: min(goal, bounds[name][0]) for name, goal in goals.items()}
        for pool in self.plan.pools:
            names = [model.name for model in self.plan.models if model.pool == pool.name]
            for _ in range(max(0, self.room(pool.name) - sum(given[name] for name in names))):
                short = [name for name in names if given[name] < goals[name]]
                if not short:
                    break
                given[min(short, key=lambda name: given[name] / goals[name])] += 1
        return given

    def scenario(self, replicas: Mapping[str, float]) -> Scenario:
        """Those replicas, spares and purchase as asked."""
        return Scenario(
            replicas=replicas,
            spares={name: min(number, self.what_if.spare) for name, number in replicas.items()},
            buying=self.what_if.buying,
        )

    def _made(self, replicas: Mapping[str, float]) -> FleetBill:
        commitments = self.what_if.commitments
        found = forecast(self.plan, self.scenario(replicas))
        if commitments:
            found = found.each(lambda bill: with_commitments(bill, commitments).bill)
        return FleetBill(
            forecast=found,
            expected=shares(self.plan, found.expected, replicas),
            low=shares(self.plan, found.low, replicas),
            high=shares(self.plan, found.high, replicas),
        )
