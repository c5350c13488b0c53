"""The preview on a terminal."""

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from tokenfleet.preview.branch import Branch
from tokenfleet.preview.report import Report
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
from tokenfleet.views.screens.cold_starts import cold_starts
from tokenfleet.views.screens.cost import money, table_on_screen, verdict_list
from tokenfleet.views.story import bounds_of, fleet_of, month_of, until_published
from tokenfleet.views.tables.arrivals import arrivals_table
from tokenfleet.views.tables.cost import cost_table
from tokenfleet.views.tables.drain import drain_table


def show(report: Report, console: Console) -> None:
    """Print a report: what is wrong first, then what will be built and what it costs."""
    plan = report.plan
    console.print(
        Text.assemble(
            (f"{plan.name}", "bold"),
            f" in {plan.region}: {report.resource_count} resources in"
            f" {report.component_count} components.",
        )
    )
    console.print(money(report.cost, month_of(report), plan.budgets))
    if first := until_published(report):
        console.print(Text(first))
    console.print()
    console.print(verdict_list(report.cost.verdicts))
    for part in _parts(report, console.width):
        console.print()
        console.print(part)


def _parts(report: Report, width: int) -> Iterator[RenderableType]:
    if report.findings:
        yield _findings(report)
    yield _tree(report)
    yield _network(report)
    yield _pools(report)
    yield _caches(report)
    yield _models(report)
    yield cold_starts(report.models, width)
    yield _drains(report)
    yield table_on_screen(arrivals_table(report.cost.arrivals))
    yield table_on_screen(cost_table(report.cost))
    yield _costs(report)
    if report.notes:
        yield _notes(report)


def _table(title: str, *columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in right else "left",
            header_style="dim",
            overflow="fold",
        )
    return table


def _findings(report: Report) -> Table:
    table = _table(f"Broken rules: {len(report.findings)}", "rule", "resource", "problem")
    for finding in report.findings:
        name = finding.resource.rpartition("::")[2]
        table.add_row(Text(finding.rule, "red"), Text(name), Text(finding.problem))
    return table


def _tree(report: Report) -> Tree:
    tree = Tree(Text("What will exist", "bold"), guide_style="dim")
    for branch in report.tree:
        _grow(tree, branch, f"{report.plan.name}-")
    return tree


def _grow(tree: Tree, branch: Branch, prefix: str) -> None:
    own = ", ".join(f"{count} {kind}" for kind, count in branch.own.items())
    label = Text.assemble(
        (branch.name.removeprefix(prefix), "bold"),
        (f" {branch.kind}", "dim"),
        f"  {branch.total}",
        (f"  {own}" if own else "", "dim"),
    )
    limb = tree.add(label)
    for inner in branch.inner:
        _grow(limb, inner, f"{branch.name}-")


def _network(report: Report) -> Table:
    network = report.plan.network
    table = _table(
        f"Network {network.vpc_cidr}", "zone", "private subnet", "public subnet", "NAT gateway"
    )
    public = {subnet.zone: subnet.cidr for subnet in network.public_subnets}
    for subnet in network.private_subnets:
        nat = network.nat_zone_by_zone[subnet.zone]
        table.add_row(
            subnet.zone,
            str(subnet.cidr),
            str(public[subnet.zone]),
            "here" if nat == subnet.zone else f"in {nat}",
        )
    return table


def _pools(report: Report) -> Table:
    table = _table(
        "Pools and tiers",
        "pool",
        "tier",
        "instance types",
        "nodes",
        "$ an hour",
        right=("nodes", "$ an hour"),
    )
    for pool in report.pools:
        for tier in pool.tiers:
            first = tier is pool.tiers[0]
            table.add_row(
                Text(pool.name if first else ""),
                tier.purchase_option,
                Text(", ".join(pool.instance_types) if first else ""),
                bounds(tier.min_nodes, tier.max_nodes, "node"),
                hourly_price(tier),
            )
    table.caption = (
        "With volumes. Upper end: every node at the on-demand price of the dearest type, which"
        " spot does not exceed."
    )
    table.caption_justify = "left"
    return table


def _caches(report: Report) -> Table:
    table = _table("Where weights lie", "pool", "instance types", "cache of a node", "$ a month")
    table.columns[3].justify = "right"
    for pool in report.pools:
        for cache in pool.caches:
            first = cache is pool.caches[0]
            table.add_row(
                Text(pool.name if first else ""),
                Text(", ".join(cache.instance_types)),
                Text(f"{cache.cache}\n{cache.reason}"),
                usd(cache.usd_per_month),
            )
    return table


def _models(report: Report) -> Table:
    table = _table("Models", "model", "served by", "replicas", "memory of one rank, GiB", "flags")
    for model in report.models:
        plan, memory = model.plan, model.plan.memory
        legacy = " (legacy)" if plan.legacy else ""
        adapters = f" + adapters {memory.adapters_gib:.1f}" if memory.adapters_gib else ""
        table.add_row(
            Text(f"{plan.name}\n{plan.hugging_face_id}\n{plan.revision[:12]}"),
            Text(
                f"{plan.pool}, vLLM {model.engine_version}{legacy}\n{load(plan)}\n{promise(plan)}"
            ),
            replicas(plan),
            Text(
                f"weights {memory.weights_gib:.1f}{adapters} + runtime {memory.runtime_gib:.1f}"
                f" + KV {memory.kv_gib:.1f}\n= {memory.usable_gib:.1f} usable of"
                f" {memory.rank_gib:.1f}, {memory.ranks} x\none request of"
                f" {plan.context_length:,} tokens: {memory.kv_one_request_gib:.2f}"
            ),
            Text(" ".join(plan.argument_words[2:]), "dim"),
        )
    return table


def _drains(report: Report) -> Table:
    drains = drain_table(report)
    columns = [column.lower() for column in drains.columns]
    right = tuple(column.lower() for column in drains.numbers)
    table = _table(f"{drains.title}, seconds", *columns, right=right)
    for row in drains.rows:
        table.add_row(*map(Text, row))
    return table


def _costs(report: Report) -> Table:
    table = _table(
        f"A month {fleet_of(report.cost)}",
        "line",
        "count",
        "each",
        "a month",
        "price of",
        right=("count", "each", "a month"),
    )
    for line in report.billed:
        table.add_row(
            line.title,
            quantity(line),
            unit_price(line),
            usd(line.usd_per_month),
            line.as_of.isoformat() if line.as_of else "",
        )
    table.add_row(Text("Total", "bold"), "", "", Text(month_of(report), "bold"), "")
    prices = ", ".join(f"{line.title} {unit_price(line)}" for line in report.by_use)
    table.caption = f"{bounds_of(report.cost)}. {how_much_spot()} By use, on top: {prices}."
    table.caption_justify = "left"
    return table


def _notes(report: Report) -> Table:
    table = _table("Before you deploy", "", "")
    table.show_header = False
    for note in report.notes:
        table.add_row("-", Text(note))
    return table
