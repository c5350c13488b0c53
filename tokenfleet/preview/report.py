"""What a reviewer is told about a stack, as data: every renderer shows the same report."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenfleet.capacity.expected import Expected
from tokenfleet.catalogue.facts import Price
from tokenfleet.catalogue.machines.hardware import engines
from tokenfleet.economics.bill.forecast import Forecast, at_first
from tokenfleet.economics.bill.lines import BillLine
from tokenfleet.economics.bill.node_price import HourlyRange, hourly_range
from tokenfleet.economics.bill.price_age import StalePrice, stale_prices
from tokenfleet.economics.bill.scenario import Buying
from tokenfleet.economics.bill.volumes import cache_price
from tokenfleet.economics.bill.ways import WayPrice, way_prices
from tokenfleet.economics.served_fleet import WhatIf
from tokenfleet.economics.stack_cost import StackCost, stack_cost
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan
from tokenfleet.policies.finding import Finding
from tokenfleet.policies.rulebook import findings
from tokenfleet.preview.branch import Branch, tree_of
from tokenfleet.preview.kubernetes import KubernetesSupport, kubernetes_support
from tokenfleet.preview.notes import notes
from tokenfleet.preview.unpriced import Unpriced, unpriced, unpriced_notes
from tokenfleet.recording.recorded import Recording


@dataclass(frozen=True, kw_only=True)
class TierReport:
    """One tier of a pool; ``warm_nodes`` wait stopped."""

    purchase_option: str
    min_nodes: int
    max_nodes: int
    warm_nodes: int
    zones: Sequence[str]
    hourly: HourlyRange


@dataclass(frozen=True, kw_only=True)
class CacheReport:
    """Where the weights of some types of a pool lie, why so, and what that costs a node."""

    instance_types: Sequence[str]
    cache: str
    reason: str
    usd_per_month: float | None


@dataclass(frozen=True, kw_only=True)
class PoolReport:
    """One pool, or the system nodes (whose ``hardware`` is empty)."""

    name: str
    hardware: str
    instance_types: Sequence[str]
    tiers: Sequence[TierReport]
    caches: Sequence[CacheReport]


@dataclass(frozen=True, kw_only=True)
class ModelReport:
    """One model with the engine that serves it."""

    plan: ModelPlan
    engine_version: str
    engine_support: str
    engine_lacks: Sequence[str]
    ways: Sequence[WayPrice]
    """How its nodes start, and could."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that is shown about a stack; ``cost`` is at its load.

    ``bill_at_first`` is that of the stack as it is deployed now, where models whose weights are
    not said to be published run no replica; None where there is no such model.
    """

    plan: Plan
    tree: Sequence[Branch]
    resource_count: int
    component_count: int
    outputs: Mapping[str, object]
    pools: Sequence[PoolReport]
    models: Sequence[ModelReport]
    bill_at_first: Forecast | None
    cost: StackCost
    kubernetes: KubernetesSupport
    stale_prices: Sequence[StalePrice]
    unpriced: Sequence[Unpriced]
    """What the program creates beside the plan, and the bill does not hold."""
    findings: Sequence[Finding]
    notes: Sequence[str]

    def on_spot(self, model: ModelReport) -> Expected | None:
        """What a model may expect on spot; None where its pool has no such tier."""
        found = (each for each in self.cost.on_spot if each.question.model == model.plan.name)
        return next(found, None)

    @property
    def billed(self) -> Sequence[BillLine]:
        """The lines of the bill as expected."""
        return self.cost.bill.expected.lines

    @property
    def by_use(self) -> Sequence[BillLine]:
        """Prices of what is billed by use."""
        return self.cost.bill.expected.by_use

    @property
    def gaps(self) -> Sequence[BillLine]:
        """Lines of the bill without a known price."""
        return self.cost.bill.expected.gaps


def build_report(
    plan: Plan,
    recording: Recording,
    *,
    today: dt.date,
    secrets: frozenset[str] = frozenset(),
    ignored: Sequence[str] = (),
) -> Report:
    """Put together what is shown; ``recording`` is that of a deployment.

    ``today`` is what the age of prices is judged by.
    """
    pools = {pool.name: pool for pool in plan.pools}
    cost = stack_cost(plan, WhatIf(), curves=False)
    bill = cost.bill.expected
    stale = stale_prices([*bill.lines, *bill.by_use], today)
    kubernetes = kubernetes_support(plan.cluster.kubernetes_version, today)
    missing = unpriced(recording)
    components = sum(resource.is_component for resource in recording.resources)
    return Report(
        plan=plan,
        tree=tree_of(recording),
        resource_count=len(recording.resources) - components,
        component_count=components,
        outputs=recording.outputs,
        pools=[
            PoolReport(
                name=pool,
                hardware=pools[pool].hardware if pool in pools else "",
                instance_types=groups[0].instance_types,
                tiers=[
                    TierReport(
                        purchase_option=group.purchase_option,
                        min_nodes=group.min_nodes,
                        max_nodes=group.max_nodes,
                        warm_nodes=group.warm_pool.nodes if group.warm_pool else 0,
                        zones=group.zones,
                        hourly=hourly_range(group, plan.prices, Buying()),
                    )
                    for group in groups
                ],
                caches=[
                    CacheReport(
                        instance_types=template.disks.instance_types,
                        cache=template.disks.cache_line(),
                        reason=template.disks.limited_by,
                        usd_per_month=_usd(cache_price(template.disks, plan.prices)),
                    )
                    for template in groups[0].templates
                    if template.boot.snapshots
                ],
            )
            for pool, groups in plan.node_groups_by_pool.items()
        ],
        models=[
            ModelReport(
                plan=model,
                engine_version=engines()[model.engine].version,
                engine_support=engines()[model.engine].support,
                engine_lacks=engines()[model.engine].lacks,
                ways=way_prices(model.start_choices, pools[model.pool], plan.prices),
            )
            for model in plan.models
        ],
        bill_at_first=at_first(plan),
        cost=cost,
        kubernetes=kubernetes,
        stale_prices=stale,
        unpriced=missing,
        findings=findings(recording),
        notes=[
            *notes(plan, secrets, ignored, stale, kubernetes, gaps=bill.gaps),
            *unpriced_notes(missing),
        ],
    )


def _usd(price: Price | None) -> float | None:
    return price.usd if price else None
