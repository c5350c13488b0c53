"""What a stack costs on a terminal: prices, why, over load, the bill, and where figures come from."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tokenfleet.counted import three_digits
from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.economics.bill.price_age import StalePrice
from tokenfleet.economics.model_cost import CurvePoint, ModelCost
from tokenfleet.economics.stack_cost import StackCost
from tokenfleet.economics.stack_day import StackDay
from tokenfleet.plan.stack import BudgetPlan
from tokenfleet.preview.prices import stale_notes
from tokenfleet.views.figures import unit_price
from tokenfleet.views.money import usd, usd_range
from tokenfleet.views.screens.fitted import Fitted, Span, on_screen
from tokenfleet.views.story import (
    ALL_WELL,
    a_month,
    bounds_of,
    budget_line,
    fleet_of,
    saving_line,
    verdict_line,
)
from tokenfleet.views.tables.arrivals import arrivals_table
from tokenfleet.views.tables.bill import bill_table, usage_table
from tokenfleet.views.tables.cost import CAUSES, causes_of, cost_table, price_line, remarks
from tokenfleet.views.tables.day import day_table, scaling_line
from tokenfleet.views.tables.table import Column
from tokenfleet.views.token_price import per_mtok, per_mtok_range

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
        verdict_list(cost),
        "",
        on_screen(cost_table(cost)),
    ]
    said = [line for model in cost.models for line in remarks(model)]
    said += stale_notes(stale, cost.region)
    parts += ["", *(Text(f"- {line}") for line in said)] if said else []
    if day:
        parts += ["", on_screen(day_table(day)), "", by_hour(day)]
    for model in cost.models:
        parts += ["", waterfall(model)]
        if model.curve:
            parts += ["", curve(model)]
    for table in (
        bill_table(cost, a_month(cost.bill)),
        usage_table(cost),
        arrivals_table(cost.arrivals),
    ):
        parts += ["", on_screen(table)]
    parts += [
        Text(
            f"{used.name}: {used.share:.0%} of it used; it saves"
            f" {usd(used.saved_usd_per_hour * HOURS_PER_MONTH)} a month",
            "" if used.saved_usd_per_hour > 0 else "red",
        )
        for used in cost.utilisations
    ]
    if explained:
        parts += ["", _sources(cost)]
    return Group(*parts)


def money(cost: StackCost, month: str, budgets: Sequence[BudgetPlan]) -> Text:
    """What a month and a million tokens cost."""
    return Text.assemble(
        (f"{month} a month", "bold"),
        f" {fleet_of(cost)}; {bounds_of(cost)}. {price_line(cost)}.",
        f" {budget_line(cost, budgets)}",
    )


def verdict_list(cost: StackCost) -> RenderableType:
    """What is wrong and what to change, what fails first; then what a looser promise would save."""
    lines = Table.grid(padding=(0, 2, 0, 0))
    for verdict in cost.verdicts:
        word = ("fails", "red") if verdict.fails else ("warns", "yellow")
        lines.add_row(Text(*word), Text(verdict_line(verdict)))
    for saving in cost.savings:
        lines.add_row(Text("saves", "cyan"), Text(saving_line(saving)))
    found = len(cost.verdicts)
    title = Text(f"Verdicts: {found}", "bold") if found else Text(ALL_WELL, "green")
    return Group(title, lines) if lines.rows else title


def waterfall(cost: ModelCost) -> Fitted:
    """What a model pays by cause: each bar begins where the one above it ends."""
    screen = Fitted(
        title=f"Why {cost.name} costs that",
        columns=[
            Column("Cause"),
            Column("A month", number=True),
            Column("$/Mtok", number=True),
            Column("Share", number=True),
            Column("", gives_way=1),
        ],
    )
    total, begin = cost.causes.total, 0.0
    blended = cost.at_load.prices.blended if cost.at_load else None
    for key, amount in causes_of(cost.causes).items():
        share = amount / total if total else 0.0
        screen.row(
            CAUSES[key],
            usd(amount * HOURS_PER_MONTH),
            "" if blended is None else per_mtok(blended * share),
            f"{100 * share:.0f}%",
            Span(begin, begin + share, "cyan" if key == "work" else "yellow"),
        )
        begin += share
    screen.row(
        "all of it",
        usd(total * HOURS_PER_MONTH),
        "" if blended is None else per_mtok(blended),
        "",
        Span(0, 1, "bright_black"),
        style="bold",
    )
    return screen


def by_hour(day: StackDay) -> Fitted:
    """What each hour of the day costs, and what of that needs scaling."""
    flat = day.unscaled_usd_per_month.expected / HOURS_PER_MONTH
    screen = Fitted(
        title="What each hour costs",
        columns=[
            Column("Hour", number=True),
            Column("Times mean load", number=True),
            Column("Replicas", number=True),
            Column("$ an hour", number=True),
            Column("", gives_way=1),
        ],
        caption=scaling_line(day),
    )
    highest = max(flat, *(hour.usd.expected for hour in day.hours))
    for number, hour in enumerate(day.hours):
        screen.row(
            f"{number:02}",
            f"{hour.shape:.2f}",
            str(hour.replicas),
            f"{usd(hour.usd.expected)} ({usd_range(hour.usd.low, hour.usd.high)})",
            Span(0, hour.usd.expected / highest, "cyan"),
        )
    return screen


def curve(cost: ModelCost) -> Fitted:
    """The price over load; a bar is as long as the price is high."""
    screen = Fitted(
        title=f"What a million tokens of {cost.name} cost at other loads",
        columns=[
            Column("Requests/s", number=True),
            Column("Replicas", number=True),
            Column("$/Mtok, all alike", number=True),
            Column("", gives_way=1),
            Column(""),
        ],
    )
    points = _thinned(cost.curve)
    highest = max(point.usd_per_mtok.p50 for point in points)
    for point in points:
        warning = "promise missed" if point.promise_missed else ""
        warning = "queue grows" if point.queue_grows else warning
        screen.row(
            three_digits(point.requests_per_second),
            str(point.replicas),
            per_mtok_range(point.usd_per_mtok),
            Span(0, point.usd_per_mtok.p50 / highest, "cyan"),
            Text(warning, "red"),
        )
    return screen


def _thinned(points: Sequence[CurvePoint]) -> Sequence[CurvePoint]:
    step = (len(points) - 1) / (_LOADS_SHOWN - 1)
    return [points[round(step * place)] for place in range(_LOADS_SHOWN)]


def _sources(cost: StackCost) -> Fitted:
    """Where every figure comes from."""
    screen = Fitted(
        title="Where the figures come from",
        columns=[
            Column("Figure"),
            Column("Value"),
            Column("Source", gives_way=1),
            Column("Of", gives_way=2),
        ],
    )
    for model in cost.models:
        most = model.most
        screen.row(
            f"{model.name}: most {'answers' if most.shape.is_pooled else 'output tokens'}/s of a replica",
            f"{most.theta.p50:,.0f} ({most.theta.p10:,.0f} to {most.theta.p90:,.0f}), {most.basis}",
            most.source,
            "",
        )
        if not most.shape.is_pooled:
            screen.row(
                f"{model.name}: work of an input token over that of an output token",
                f"{most.input_weight:.3f}; cached a tenth of it (assumption)",
                "the same estimate",
                "",
            )
        screen.row(
            f"{model.name}: requests that run at once",
            f"{most.concurrency}, limited by {most.limited_by}",
            "plan: memory arithmetic and engine limits",
            "",
        )
    for line in (*cost.bill.expected.lines, *cost.bill.expected.by_use):
        date = line.as_of.isoformat() if line.as_of else ""
        screen.row(line.title, unit_price(line), line.source, date)
    return screen
