"""What tokens cost over a day, as plain text."""

from collections.abc import Sequence

from tokenfleet.counted import three_digits
from tokenfleet.economics.bill.lines import HOURS_PER_MONTH
from tokenfleet.economics.stack_day import ModelDay, StackDay
from tokenfleet.views.money import usd
from tokenfleet.views.tables.table import Column, Table
from tokenfleet.views.token_price import per_mtok, per_mtok_range

_COLUMNS = (
    Column("Model"),
    Column("Requests/s", number=True, gives_way=1),
    Column("Replicas", number=True),
    Column("Paid, mean", number=True, gives_way=3),
    Column("Waits beyond its hour", number=True, gives_way=2),
    Column("Output", number=True, gives_way=4),
    Column("All alike (p10 to p90)", number=True),
    Column("A month", number=True),
)


def day_table(day: StackDay) -> Table:
    """Replicas, prices and the bill; the last column adds up to the total."""
    return Table(
        title="Over that day",
        columns=_COLUMNS,
        rows=[_row(model) for model in day.models],
        total=["Stack", *[""] * (len(_COLUMNS) - 2), usd(day.usd_per_month.expected)],
        caption=(
            "Replicas follow the load hour by hour as their rules of scaling have it, a cold start"
            " behind it; each stays for the rule's window when there is less to do, and its node ten"
            " minutes more. All else on this page is for the mean load, taken as constant."
        ),
    )


def scaling_line(day: StackDay) -> str:
    """What it saves over a day that replicas follow the load."""
    scaled, flat = day.usd_per_month.expected, day.unscaled_usd_per_month.expected
    if usd(scaled) == usd(flat):
        return "Every hour takes the same replicas: scaling saves nothing."
    return (
        f"{usd(scaled)} a month, with replicas that follow the load. With those of the busiest hour"
        f" all day, which serve the same load, it is {usd(flat)}: scaling saves"
        f" {usd(flat - scaled)}, or {1 - scaled / flat:.0%}."
    )


def _row(model: ModelDay) -> Sequence[str]:
    hours = model.fleet.hours
    counts = sorted({hour.replicas for hour in hours})
    paid = sum(hour.paid_replicas for hour in hours) / len(hours)
    replicas = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    month = usd(model.usd_per_hour * HOURS_PER_MONTH)
    if model.prices is None or model.range_of_price is None:
        return [model.name, "", replicas, f"{paid:.1f}", "", "", "", month]
    loads = [hour.requests_per_second for hour in hours]
    return [
        model.name,
        f"{three_digits(min(loads))} to {three_digits(max(loads))}",
        replicas,
        f"{paid:.1f}",
        f"{100 * max(0.0, model.fleet.unserved_share):.2g}%",
        per_mtok(model.prices.output),
        per_mtok_range(model.range_of_price * model.prices.blended),
        month,
    ]
