"""The preview on a terminal."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from tokenfleet.counted import count
from tokenfleet.plan.serving.model import ModelPlan
from tokenfleet.plan.stack import Plan
from tokenfleet.preview.branch import Branch
from tokenfleet.preview.report import ModelReport, Report
from tokenfleet.views.figures import does, drafts, load, promise, replicas
from tokenfleet.views.screens.cold_starts import cold_starts
from tokenfleet.views.screens.cost import money, verdict_list
from tokenfleet.views.screens.fitted import Fitted, on_screen
from tokenfleet.views.story import month_of, until_published
from tokenfleet.views.tables.arrivals import arrivals_table
from tokenfleet.views.tables.bill import bill_table, usage_table
from tokenfleet.views.tables.calls import call_rows
from tokenfleet.views.tables.cost import cost_table
from tokenfleet.views.tables.drain import drain_table
from tokenfleet.views.tables.stack import caches_table, network_table, pools_table
from tokenfleet.views.tables.starts import starts_table
from tokenfleet.views.tables.table import Column

_GAP = 2


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
    console.print(verdict_list(report.cost))
    for part in _parts(report, console.width):
        console.print()
        console.print(part)


def _parts(report: Report, width: int) -> Iterator[RenderableType]:
    if report.findings:
        yield _findings(report)
    yield _tree(report)
    yield on_screen(network_table(report))
    yield on_screen(pools_table(report))
    yield on_screen(caches_table(report))
    yield _models(report)
    yield cold_starts(report, width)
    yield on_screen(starts_table(report))
    yield on_screen(drain_table(report))
    yield on_screen(arrivals_table(report.cost.arrivals))
    yield on_screen(cost_table(report.cost))
    yield on_screen(bill_table(report.cost, month_of(report)))
    yield on_screen(usage_table(report.cost))
    if report.notes:
        yield Group(Text("Before you deploy", "bold"), _notes(report))


def _findings(report: Report) -> Fitted:
    screen = Fitted(
        title=f"Broken rules: {len(report.findings)}",
        columns=[Column("Rule"), Column("Resource"), Column("Problem")],
    )
    for finding in report.findings:
        name = finding.resource.rpartition("::")[2]
        screen.row(Text(finding.rule, "red"), name, finding.problem)
    return screen


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


def _models(report: Report) -> Group:
    """A few lines for each model: flags are too long for a column."""
    return Group(Text("Models", "bold"), *(_model(report.plan, model) for model in report.models))


def _model(stack: Plan, model: ModelReport) -> Table:
    plan = model.plan
    lines = Table.grid(padding=(0, _GAP, 0, 0))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column(overflow="fold")
    lines.add_row(Text(plan.name, "bold"), Text(f"{plan.hugging_face_id} at {plan.revision[:12]}"))
    legacy = " (legacy)" if plan.legacy else ""
    for title, value in {
        "served by": f"{plan.pool}, vLLM {model.engine_version}{legacy}",
        **({"does": does(plan)} if plan.task != "generate" else {}),
        **({"drafts": drafts(plan)} if plan.speculation else {}),
        "replicas": replicas(plan),
        "load": load(plan),
        "promise": promise(plan),
        **{what: f"{how}; {why}" for what, how, why in call_rows(stack, plan)},
        "memory": _memory(plan),
        "flags": " ".join(plan.argument_words[2:]),
    }.items():
        lines.add_row(f"  {title}", Text(value))
    return lines


def _memory(plan: ModelPlan) -> str:
    memory = plan.memory
    draft = f" + draft {memory.draft_gib:.1f}" if memory.draft_gib else ""
    adapters = f" + adapters {memory.adapters_gib:.1f}" if memory.adapters_gib else ""
    rest, kept = "KV", f"of {plan.context_length:,} tokens takes {memory.kv_one_request_gib:.2f}"
    if memory.keeps_nothing:
        rest, kept = "free", "leaves nothing in it"
    return (
        f"weights {memory.weights_gib:.1f}{draft}{adapters} + runtime {memory.runtime_gib:.1f} +"
        f" {rest} {memory.kv_gib:.1f} = {memory.usable_gib:.1f} GiB usable of {memory.rank_gib:.1f},"
        f" on {'each of ' if memory.ranks > 1 else ''}{count(memory.ranks, 'rank')}; a request {kept}"
    )


def _notes(report: Report) -> Table:
    screen = Table.grid(padding=(0, 1, 0, 0))
    for note in report.notes:
        screen.add_row("-", Text(note))
    return screen
