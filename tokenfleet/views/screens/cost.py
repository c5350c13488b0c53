"""What a stack costs on a terminal: prices, why, over load, the bill, and where figures come from."""

from collections.abc import Collection, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table as Screen
from rich.text import Text

from tokenfleet.economics.bill.lines import HOURS_PER_MONTH, BillLine
from tokenfleet.economics.bill.price_age import StalePrice
from tokenfleet.economics.judgement.verdict import Verdict
from tokenfleet.economics.model_cost import CurvePoint, ModelCost
from tokenfleet.economics.stack_cost import StackCost
from tokenfleet.economics.stack_day import StackDay
from tokenfleet.plan.stack import BudgetPlan
from tokenfleet.preview.prices import stale_notes
from tokenfleet.views.figures import quantity, unit_price
from tokenfleet.views.money import usd
from tokenfleet.views.story import (
    ALL_WELL,
    a_month,
    bounds_of,
    budget_line,
    fleet_of,
    verdict_line,
)
from tokenfleet.views.tables.arrivals import arrivals_table
from tokenfleet.views.tables.cost import CAUSES, causes_of, cost_table, price_line, remarks
from tokenfleet.views.tables.day import day_table
from tokenfleet.views.tables.stack import Table
from tokenfleet.views.token_price import per_mtok, per_mtok_range

_BAR = 40
_LOADS_SHOWN = 9


def cost_screen(
    cost: StackCost,
    stale: Sequence[StalePrice],
    budgets: Sequence[BudgetPlan] = (),
    *,
    day: StackDay | None = None,
    explained: bool,
) -> Group:
    """Everything there is to say, the prices first."""
    parts: list[RenderableType] = [
        Text.assemble((cost.name, "bold"), f" in {cost.region}"),
        money(cost, a_month(cost.bill), budgets),
        "",
        verdict_list(cost.verdicts),
        "",
        table_on_screen(cost_table(cost)),
    ]
    said = [line for model in cost.models for line in remarks(model)]
    said += stale_notes(stale, cost.region)
    parts += ["", *(Text(f"- {line}") for line in said)] if said else []
    if day:
        parts += ["", table_on_screen(day_table(day))]
    for model in cost.models:
        parts += ["", waterfall(model)]
        if model.curve:
            parts += ["", curve(model)]
    parts += ["", bill_table(cost), "", table_on_screen(arrivals_table(cost.arrivals))]
    parts += [
        Text(
            f"{used.name}: {used.share:.0%} of it used; it saves"
            f" {usd(used.saved_usd_per_hour * HOURS_PER_MONTH)} a month",
            "" if used.saved_usd_per_hour > 0 else "red",
        )
        for used in cost.utilisations
    ]
    if explained:
        parts += ["", *_sources(cost)]
    return Group(*parts)


def money(cost: StackCost, month: str, budgets: Sequence[BudgetPlan]) -> Text:
    """What a month and a million tokens cost."""
    return Text.assemble(
        (f"{month} a month", "bold"),
        f" {fleet_of(cost)}; {bounds_of(cost)}. {price_line(cost)}.",
        f" {budget_line(cost, budgets)}",
    )


def verdict_list(verdicts: Sequence[Verdict]) -> RenderableType:
    """What is wrong and what to change, what fails first."""
    if not verdicts:
        return Text(ALL_WELL, "green")
    screen = _empty(f"Verdicts: {len(verdicts)}", ("", ""))
    screen.show_header = False
    for verdict in verdicts:
        word = ("fails", "red") if verdict.fails else ("warns", "yellow")
        screen.add_row(Text(*word), Text(verdict_line(verdict)))
    return screen


def table_on_screen(table: Table) -> Screen:
    """A table of a written report on a terminal."""
    screen = _empty(table.title, table.columns, right=table.numbers)
    screen.caption, screen.caption_justify = table.caption, "left"
    for row in table.rows:
        screen.add_row(*map(Text, row))
    if table.total:
        screen.add_row(*(Text(cell, "bold") for cell in table.total))
    return screen


def waterfall(cost: ModelCost) -> Screen:
    """What a model pays by cause: each bar begins where the one above it ends."""
    figures = ("a month", "$/Mtok", "share")
    screen = _empty(f"Why {cost.name} costs that", ("cause", *figures, ""), right=figures)
    total, begin = cost.causes.total, 0.0
    blended = cost.at_load.prices.blended if cost.at_load else None
    for key, amount in causes_of(cost.causes).items():
        share = amount / total if total else 0.0
        left, right = round(_BAR * begin), round(_BAR * (begin + share))
        screen.add_row(
            CAUSES[key],
            usd(amount * HOURS_PER_MONTH),
            "" if blended is None else per_mtok(blended * share),
            f"{100 * share:.0f}%",
            Text(" " * left + "█" * (right - left), "cyan" if key == "work" else "yellow"),
        )
        begin += share
    screen.add_row(
        Text("all of it", "bold"),
        Text(usd(total * HOURS_PER_MONTH), "bold"),
        "" if blended is None else Text(per_mtok(blended), "bold"),
        "",
        Text("█" * _BAR, "dim"),
    )
    return screen


def curve(cost: ModelCost) -> Screen:
    """The price over load; a bar is as long as the price is high."""
    figures = ("requests/s", "replicas", "$/Mtok, all alike")
    title = f"What a million tokens of {cost.name} cost at other loads"
    screen = _empty(title, (*figures, ""), right=figures)
    points = _thinned(cost.curve)
    highest = max(point.usd_per_mtok.p50 for point in points)
    for point in points:
        length = max(1, round(_BAR * point.usd_per_mtok.p50 / highest))
        warning = " promise missed" if point.promise_missed else ""
        warning = " queue grows" if point.queue_grows else warning
        screen.add_row(
            f"{point.requests_per_second:.3g}",
            str(point.replicas),
            per_mtok_range(point.usd_per_mtok),
            Text.assemble(("█" * length, "cyan"), (warning, "red")),
        )
    return screen


def _empty(title: str, columns: Sequence[str], *, right: Collection[str] = ()) -> Screen:
    """A table without rows, its figures to the right."""
    screen = Screen(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        side = "right" if column in right else "left"
        screen.add_column(column, justify=side, header_style="dim", overflow="fold")
    return screen


def _thinned(points: Sequence[CurvePoint]) -> Sequence[CurvePoint]:
    step = (len(points) - 1) / (_LOADS_SHOWN - 1)
    return [points[round(step * place)] for place in range(_LOADS_SHOWN)]


def bill_table(cost: StackCost) -> Screen:
    """Every line of the bill, and by use what nobody said how much it is."""
    bill = cost.bill.expected
    figures = ("count", "each", "a month")
    columns = ("line", "pool", *figures, "price of")
    screen = _empty("The whole bill, a month", columns, right=figures)
    for line in bill.lines:
        screen.add_row(
            line.title,
            line.pool or "shared",
            quantity(line),
            unit_price(line),
            usd(line.usd_per_month),
            _date(line),
        )
    screen.add_row(Text("Total", "bold"), "", "", "", Text(usd(bill.usd_per_month), "bold"), "")
    by_use = ", ".join(f"{line.title} {unit_price(line)}" for line in bill.by_use)
    screen.caption = f"By use, on top: {by_use}." if by_use else None
    screen.caption_justify = "left"
    return screen


def _date(line: BillLine) -> str:
    return line.as_of.isoformat() if line.as_of else ""


def _sources(cost: StackCost) -> Iterator[RenderableType]:
    """Where every figure comes from."""
    screen = _empty("Where the figures come from", ("figure", "value", "source", "of"))
    for model in cost.models:
        most = model.most
        screen.add_row(
            f"{model.name}: most output tokens/s of a replica",
            f"{most.theta.p50:,.0f} ({most.theta.p10:,.0f} to {most.theta.p90:,.0f}), {most.basis}",
            most.source,
            "",
        )
        screen.add_row(
            f"{model.name}: work of an input token over that of an output token",
            f"{most.input_weight:.3f}; cached a tenth of it (assumption)",
            "the same estimate",
            "",
        )
        screen.add_row(
            f"{model.name}: requests that run at once",
            f"{most.concurrency}, limited by {most.limited_by}",
            "plan: memory arithmetic and engine limits",
            "",
        )
    for line in (*cost.bill.expected.lines, *cost.bill.expected.by_use):
        screen.add_row(line.title, unit_price(line), line.source, _date(line))
    yield screen
