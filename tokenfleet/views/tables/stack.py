"""The tables of a written report, as plain text cells: Markdown and HTML show the same ones."""

from collections.abc import Iterator, Sequence

from tokenfleet.catalogue.machines.hardware import engines, hardware_by_name
from tokenfleet.plan.ranges import Range
from tokenfleet.preview.report import ModelReport, Report
from tokenfleet.views.fetched import fetched_line
from tokenfleet.views.figures import does, drafts, hourly_price, load, nodes, promise, replicas
from tokenfleet.views.money import usd
from tokenfleet.views.tables.table import Column, Table


def hardware_title(hardware: str) -> str:
    """A pool's hardware as its maker calls it; another catalogue's, where ours lacks it, by its name."""
    if not hardware:
        return "cluster's own controllers"
    known = hardware_by_name().get(hardware)
    return known.title if known else hardware


def pools_table(report: Report) -> Table:
    """Every tier of every pool, the system nodes among them."""
    kinds = [kind for pool in report.pools for kind in pool.instance_types]
    every_zone = {subnet.zone for subnet in report.plan.network.private_subnets}
    prices = [p for kind in kinds if (p := report.plan.prices.on_demand(kind))]
    rows = [
        [
            pool.name,
            # Said once a pool: every tier launches the same types.
            hardware_title(pool.hardware) if place == 0 else "",
            ", ".join(pool.instance_types) if place == 0 else "",
            tier.purchase_option,
            "every zone" if set(tier.zones) >= every_zone else ", ".join(tier.zones),
            nodes(tier.min_nodes, tier.max_nodes, tier.warm_nodes),
            hourly_price(tier.hourly.least_usd, tier.hourly.most_usd),
        ]
        for pool in report.pools
        for place, tier in enumerate(pool.tiers)
    ]
    return Table(
        title="Pools and tiers",
        columns=[
            Column("Pool"),
            Column("Hardware", gives_way=2),
            Column("Instance types", gives_way=1),
            Column("Tier"),
            Column("Zones", gives_way=3),
            Column("Nodes", number=True),
            Column("An hour", number=True),
        ],
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
        columns=[
            Column("Pool", gives_way=2),
            Column("Instance types"),
            Column("Cache of a node"),
            Column("Because", gives_way=1),
            Column("A month and node", number=True),
        ],
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
            Column("Model"),
            Column("Weights"),
            Column("Pool"),
            Column("Engine"),
            Column("Context, tokens", number=True),
            Column("Most sequences", number=True),
            Column("Load and promise"),
            Column("Replicas"),
            Column("Memory"),
        ],
        rows=[
            [
                model.plan.name,
                f"{model.plan.hugging_face_id} at {model.plan.revision[:12]}",
                model.plan.pool,
                "; ".join(_engine(model)),
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


def _engine(model: ModelReport) -> Iterator[str]:
    """Which it is, and what it does where that is not to answer with text, a token a step."""
    yield f"vLLM {model.engine_version}{' (legacy)' if model.plan.legacy else ''}"
    if model.plan.task != "generate":
        yield does(model.plan)
    if drafting := drafts(model.plan):
        yield f"drafts {drafting}"


def cold_start_table(model: ModelReport) -> Table:
    """Every stage of a model's cold start with its range, and what limits it."""
    start = model.plan.cold_start
    stages = dict(start.stages)
    rest = {name: stages.pop(name) for name in ("engine load", "warm-up")}
    together = {"join, image pull and weights, side by side": start.together}
    ready = start.until_ready
    return Table(
        title=f"{model.plan.name} on {start.instance_type}",
        columns=[
            Column("Stage"),
            Column("At best, s", number=True),
            Column("Expected, s", number=True),
            Column("At worst, s", number=True),
            Column("Limited by"),
        ],
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
        columns=[
            Column("Zone"),
            Column("Private subnet"),
            Column("Public subnet"),
            Column("NAT gateway"),
        ],
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


def _seconds(seconds: Range) -> Sequence[str]:
    return [f"{figure:,.0f}" for figure in (seconds.low, seconds.expected, seconds.high)]
