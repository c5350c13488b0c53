"""The tables of a written report, as plain text cells: Markdown and HTML show the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenfleet.catalogue.hardware import engines, hardware_by_name
from tokenfleet.counted import count
from tokenfleet.economics.bill.lines import BillLine
from tokenfleet.plan.ranges import Range
from tokenfleet.preview.report import ModelReport, PoolReport, Report
from tokenfleet.views.fetched import fetched_line
from tokenfleet.views.figures import (
    bounds,
    hourly_price,
    how_much_spot,
    load,
    promise,
    quantity,
    replicas,
    unit_price,
)
from tokenfleet.views.money import usd
from tokenfleet.views.story import bounds_of, fleet_of, month_of

_ENDS = ("At best, s", "Expected, s", "At worst, s")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A titled table; ``numbers`` are the columns set to the right, ``sources`` count from 1.

    The cells of ``total`` close the table where it is not empty.
    """

    title: str
    columns: Sequence[str]
    numbers: frozenset[str]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] = ()
    caption: str = ""
    sources: Sequence[str] = ()


def hardware_title(pool: PoolReport) -> str:
    """The hardware as its maker calls it."""
    return hardware_by_name()[pool.hardware].title if pool.hardware else "cluster's own controllers"


def pools_table(report: Report) -> Table:
    """Every tier of every pool, the system nodes among them."""
    kinds = [kind for pool in report.pools for kind in pool.instance_types]
    every_zone = {subnet.zone for subnet in report.plan.network.private_subnets}
    prices = [p for kind in kinds if (p := report.plan.prices.on_demand(kind))]
    rows = [
        [
            pool.name,
            # Said once a pool: every tier launches the same types.
            hardware_title(pool) if place == 0 else "",
            ", ".join(pool.instance_types) if place == 0 else "",
            tier.purchase_option,
            "every zone" if set(tier.zones) >= every_zone else ", ".join(tier.zones),
            bounds(tier.min_nodes, tier.max_nodes, "node"),
            hourly_price(tier),
        ]
        for pool in report.pools
        for place, tier in enumerate(pool.tiers)
    ]
    return Table(
        title="Pools and tiers",
        columns=["Pool", "Hardware", "Instance types", "Tier", "Zones", "Nodes", "An hour"],
        numbers=frozenset({"Nodes", "An hour"}),
        rows=rows,
        caption=(
            "All nodes of a tier, with volumes. The upper end takes the on-demand price of the"
            " dearest type, which spot does not exceed."
        ),
        sources=sorted({f"{price.source}; prices as of {price.date}" for price in prices}),
    )


def caches_table(report: Report) -> Table:
    """Where every pool keeps weights, and what decides how fast that is."""
    return Table(
        title="Where weights lie",
        columns=["Pool", "Instance types", "Cache of a node", "Because", "A month and node"],
        numbers=frozenset({"A month and node"}),
        rows=[
            [
                pool.name,
                ", ".join(cache.instance_types),
                cache.cache,
                cache.reason,
                usd(cache.usd_per_month),
            ]
            for pool in report.pools
            for cache in pool.caches
        ],
        caption="A node fetches the models of its pool at boot; a replica waits for what it needs.",
    )


def models_table(report: Report) -> Table:
    """Every model: what serves it and whether its memory adds up."""
    used = {model.plan.engine for model in report.models}
    return Table(
        title="Models",
        columns=[
            "Model",
            "Weights",
            "Pool",
            "Engine",
            "Context, tokens",
            "Most sequences",
            "Load and promise",
            "Replicas",
            "Memory",
        ],
        numbers=frozenset({"Context, tokens", "Most sequences"}),
        rows=[
            [
                model.plan.name,
                f"{model.plan.hugging_face_id} at {model.plan.revision[:12]}",
                model.plan.pool,
                f"vLLM {model.engine_version}{' (legacy)' if model.plan.legacy else ''}",
                f"{model.plan.context_length:,}",
                f"{model.plan.batch.sequences:,}",
                f"{load(model.plan)}; {promise(model.plan)}",
                replicas(model.plan),
                model.plan.memory.arithmetic(),
            ]
            for model in report.models
        ],
        caption="A rank is one GPU, one NeuronCore, or one NUMA node of a CPU.",
        sources=[f"{name}: {engines()[name].source}" for name in sorted(used)],
    )


def cold_start_table(model: ModelReport) -> Table:
    """Every stage of a model's cold start with its range, and what limits it."""
    start = model.plan.cold_start
    stages = dict(start.stages)
    rest = {name: stages.pop(name) for name in ("engine load", "warm-up")}
    together = {"join, image pull and weights, side by side": start.together}
    ready = start.until_ready
    return Table(
        title=f"{model.plan.name} on {start.instance_type}",
        columns=["Stage", *_ENDS, "Limited by"],
        numbers=frozenset(_ENDS),
        rows=[
            [name, *_seconds(stage.seconds), stage.limited_by]
            for name, stage in (stages | together | rest).items()
        ],
        total=["Ready", *_seconds(ready), ""],
        caption=f"The node {fetched_line(start.fetches)}.",
        sources=sorted(
            {source for part in (*start.stages.values(), *start.fetches) for source in part.sources}
        ),
    )


def network_table(report: Report) -> Table:
    """Every zone: its ranges and how its private subnet gets out."""
    network = report.plan.network
    public = {subnet.zone: str(subnet.cidr) for subnet in network.public_subnets}
    way_out = network.nat_zone_by_zone
    endpoints = ", ".join(["s3 (gateway)", *network.interface_endpoints])
    return Table(
        title=f"Network {network.vpc_cidr}",
        columns=["Zone", "Private subnet", "Public subnet", "NAT gateway"],
        numbers=frozenset(),
        rows=[
            [
                subnet.zone,
                str(subnet.cidr),
                public[subnet.zone],
                "here" if way_out[subnet.zone] == subnet.zone else f"in {way_out[subnet.zone]}",
            ]
            for subnet in network.private_subnets
        ],
        caption=f"VPC endpoints: {endpoints}. Flow logs: {'on' if network.flow_logs else 'off'}.",
    )


def bill_table(report: Report) -> Table:
    """What is billed every month at the declared load."""
    sources = _sources(report.billed)
    running = sum(model.replicas for model in report.cost.models)
    return Table(
        title=f"A month {fleet_of(report.cost)}",
        columns=["Line", "Count", "Each", "A month", "Price of", "Source"],
        numbers=frozenset({"Count", "Each", "A month"}),
        rows=[
            [
                line.title,
                quantity(line),
                unit_price(line),
                usd(line.usd_per_month),
                _date(line),
                str(sources.index(line.source) + 1),
            ]
            for line in report.billed
        ],
        total=["Total", "", "", month_of(report), "", ""],
        caption=(
            f"With {count(running, 'replica')}, a node each, and a bucket that holds the weights."
            f" {bounds_of(report.cost)}. {how_much_spot()} Counts are means of the month."
        ),
        sources=sources,
    )


def usage_table(report: Report) -> Table:
    """Prices of what is billed by use."""
    sources = _sources(report.by_use)
    return Table(
        title="Billed by use, on top",
        columns=["Line", "Each", "Price of", "Source"],
        numbers=frozenset({"Each"}),
        rows=[
            [line.title, unit_price(line), _date(line), str(sources.index(line.source) + 1)]
            for line in report.by_use
        ],
        sources=sources,
    )


def _seconds(seconds: Range) -> Sequence[str]:
    return [f"{figure:,.0f}" for figure in (seconds.low, seconds.expected, seconds.high)]


def _date(line: BillLine) -> str:
    return line.as_of.isoformat() if line.as_of else ""


def _sources(lines: Sequence[BillLine]) -> Sequence[str]:
    return list(dict.fromkeys(line.source for line in lines))
